package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// openedLoopback is what a program is told that is to pull by it.
type openedLoopback struct {
	Address  string `json:"address"`
	Username string `json:"username"`
	Password string `json:"password"`
	// Repository is the home's, as it is called here.
	Repository string `json:"repository"`
}

// serveLoopback lets programs on this machine pull from a home until standard input ends. The home comes by it too: there
// is a password in it.
func serveLoopback(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	var home access
	if err := decoder.Decode(&home); err != nil {
		return fmt.Errorf("no home: %w", err)
	}
	behind, err := newRepository(call{Context: context.Background()}, home)
	if err != nil {
		return err
	}
	folder, err := newScratch("loopback")
	if err != nil {
		return err
	}
	defer clearScratch(folder)
	registry, err := openLoopback(behind, folder)
	if err != nil {
		return err
	}
	defer registry.close()
	told := openedLoopback{registry.address, loopbackUser, registry.password, registry.name("")}
	if err := json.NewEncoder(out).Encode(told); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	return registry.failure()
}
