// Starter reads what it needs to start, says that it is ready, and reads everything when it is asked to.
//
// Each line of /needed is the name of a file. After "ready" and "done" come how many bytes were read and their checksum, so
// that whoever listens knows that they were the right ones.
package main

import (
	"bufio"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	if err := live(); err != nil {
		os.Stderr.WriteString("starter: " + err.Error() + "\n")
		os.Exit(1)
	}
}

func live() error {
	needed, err := os.ReadFile("/needed")
	if err != nil {
		return err
	}
	if err := readAll("ready", strings.Fields(string(needed))); err != nil {
		return err
	}
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return nil // nobody wants the rest
	}
	everything, err := files("/data")
	if err != nil {
		return err
	}
	return readAll("done", everything)
}

// files are those below a folder, in the order of their names.
func files(folder string) (names []string, err error) {
	return names, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
}

// readAll reads one file after the other, as most programs do, and says the word.
func readAll(word string, names []string) error {
	checksum := crc32.NewIEEE()
	buffer := make([]byte, 1<<20)
	var total int64
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		// Without its own ways to copy, which would have another buffer.
		read, err := io.CopyBuffer(struct{ io.Writer }{checksum}, struct{ io.Reader }{file}, buffer)
		total += read
		file.Close()
		if err != nil {
			return err
		}
	}
	words := []string{word, strconv.FormatInt(total, 10), strconv.FormatUint(uint64(checksum.Sum32()), 16)}
	_, err := os.Stdout.WriteString(strings.Join(words, " ") + "\n")
	return err
}
