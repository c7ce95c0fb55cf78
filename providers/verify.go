package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// verifiedImages are what a stack has in one repository.
type verifiedImages struct {
	access
	Registry string   `json:"registry"`
	Digests  []string `json:"digests"`
}

// damageFoundError is content that a registry serves with other bytes than were pushed, or not at all.
type damageFoundError struct{ found []string }

func (e *damageFoundError) Error() string {
	return fmt.Sprintf("cannot verify %s\n%s",
		counted(len(e.found), "1 manifest or blob", "%d manifests and blobs"), strings.Join(e.found, "\n"))
}

// verifyImages downloads and hashes all content of images, prints a table and fails where any of it is damaged. The
// images come by standard input, since there are passwords among them. The progress goes to status.
func verifyImages(in io.Reader, out, status io.Writer) error {
	var all []verifiedImages
	if err := json.NewDecoder(in).Decode(&all); err != nil {
		return fmt.Errorf("no list of images: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "registry\trepository\tdigest\tmanifests and blobs\tsize\tresult")
	var found []string
	for _, images := range all {
		damaged, err := images.verify(table, status)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", images.Repository, err)
		}
		found = append(found, damaged...)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(found) > 0 {
		return &damageFoundError{found}
	}
	_, err := fmt.Fprintln(out, "\nAll content has the digests under which it was pushed.")
	return err
}

func (i verifiedImages) verify(table, status io.Writer) ([]string, error) {
	there, err := newRepository(call{Context: context.Background(), progress: progress{out: status}}, i.access)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, digest := range i.Digests {
		found := there.newInspection(context.Background(), func(v1.Hash) bool { return true })
		done := there.report(found.progressText)
		err := found.image(digest)
		done()
		if err != nil {
			return nil, err
		}
		result := "ok"
		if damaged := found.list(); len(damaged) > 0 {
			result = fmt.Sprintf("%d damaged", len(damaged))
			for _, each := range damaged {
				all = append(all, fmt.Sprintf("%s: %s", i.Repository, each))
			}
		}
		size := int64(0)
		for each := range maps.Values(found.seen) {
			size += each
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", i.Registry, i.Repository, digest, len(found.seen), megabytes(size), result)
	}
	return slices.Compact(all), nil
}

// isDamageFound tells damaged content from a registry that cannot be read.
func isDamageFound(err error) bool {
	var damage *damageFoundError
	return errors.As(err, &damage)
}

const betweenStatusLines = 5 * time.Second

// statusLines keeps one line that moves at a terminal, and writes a line now and then to a log.
type statusLines struct {
	out      *os.File
	terminal bool
	last     time.Time
}

func newStatusLines(out *os.File) *statusLines {
	info, err := out.Stat()
	return &statusLines{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (s *statusLines) Write(line []byte) (int, error) {
	if s.terminal {
		_, err := fmt.Fprintf(s.out, "\r\x1b[K%s", bytes.TrimRight(line, "\n"))
		return len(line), err
	}
	if time.Since(s.last) < betweenStatusLines {
		return len(line), nil
	}
	s.last = time.Now()
	return s.out.Write(line)
}

// end leaves the cursor on an empty line.
func (s *statusLines) end() {
	if s.terminal {
		fmt.Fprint(s.out, "\r\x1b[K")
	}
}
