package main

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// imageFiles are the files of an image on disk: a folder, or the members of a tar.
type imageFiles interface {
	// open returns the content of a file and its size, or fs.ErrNotExist.
	open(name string) (io.ReadCloser, int64, error)
}

type folderFiles string

func (f folderFiles) open(name string) (io.ReadCloser, int64, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, 0, err
	}
	facts, err := file.Stat()
	if err != nil || !facts.Mode().IsRegular() {
		file.Close()
		return nil, 0, errors.Join(err, errNotRegular)
	}
	return file, facts.Size(), nil
}

// tarFiles finds each member by its place in the tar, so that none is read to get at another.
type tarFiles struct {
	file    *os.File
	members map[string]tarMember
}

type tarMember struct {
	start, size int64
	// link is the member that this one stands for.
	link string
}

const mostLinks = 10

func (t tarFiles) open(name string) (io.ReadCloser, int64, error) {
	name = path.Clean(name)
	for range mostLinks {
		member, found := t.members[name]
		if !found {
			break
		}
		if member.link == "" {
			return io.NopCloser(io.NewSectionReader(t.file, member.start, member.size)), member.size, nil
		}
		name = member.link
	}
	return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (t tarFiles) has(name string) bool {
	_, found := t.members[name]
	return found
}

var (
	errTruncated = errors.New("the file is truncated")
	errNoTar     = errors.New("not a tar archive")
	errXz        = errors.New("compressed with xz")

	errNotRegular = errors.New("not a regular file")
)

// readTar reads the headers of all members, to the end, so that a truncated archive is known for one.
func readTar(file *os.File) (tarFiles, error) {
	found := tarFiles{file: file, members: map[string]tarMember{}}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return found, err
	}
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF) && len(found.members) > 0:
			return found, nil
		case errors.Is(err, io.EOF), errors.Is(err, tar.ErrHeader):
			return found, errNoTar
		case errors.Is(err, io.ErrUnexpectedEOF):
			return found, errTruncated
		case err != nil:
			return found, err
		}
		// The reader reads whole headers and nothing ahead of them.
		start, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return found, err
		}
		name := path.Clean(header.Name)
		member := tarMember{start: start, size: header.Size}
		switch header.Typeflag {
		case tar.TypeSymlink:
			member.link = path.Join(path.Dir(name), header.Linkname)
		case tar.TypeLink:
			member.link = path.Clean(header.Linkname)
		}
		found.members[name] = member
	}
}

// compression is what the first bytes of a file show.
type compression string

const (
	notCompressed compression = ""
	gzipped       compression = "gzip"
	zstandard     compression = "zstd"
	bzipped       compression = "bzip2"
	xzipped       compression = "xz"
)

var magics = map[compression]string{
	gzipped: "\x1f\x8b", zstandard: "\x28\xb5\x2f\xfd", bzipped: "BZh", xzipped: "\xfd7zXZ\x00",
}

// decompress returns the content without its compression, and which one that was.
func decompress(content io.Reader) (io.Reader, compression, error) {
	buffered := bufio.NewReader(content)
	for kind, magic := range magics {
		if first, _ := buffered.Peek(len(magic)); string(first) != magic {
			continue
		}
		switch kind {
		case gzipped:
			reader, err := gzip.NewReader(buffered)
			return reader, kind, err
		case zstandard:
			// Without goroutines, nothing has to be closed.
			reader, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
			return reader, kind, err
		case bzipped:
			return bzip2.NewReader(buffered), kind, nil
		default:
			return nil, kind, errXz
		}
	}
	return buffered, notCompressed, nil
}

// openPlain opens a file, or, where it is compressed, a copy without compression that has no name any more: however the
// plugin ends, nothing is left of it.
func openPlain(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	plain, kind, err := decompress(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	if kind == notCompressed {
		return file, nil
	}
	defer file.Close()
	return spool(plain)
}

// spool writes the content into a file that has no name any more.
func spool(content io.Reader) (*os.File, error) {
	file, err := os.CreateTemp("", "hero-image-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, content); err != nil {
		file.Close()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errTruncated
		}
		return nil, err
	}
	return file, nil
}

func isFile(path string) bool {
	facts, err := os.Stat(path)
	return err == nil && facts.Mode().IsRegular()
}

func isFolder(path string) bool {
	facts, err := os.Stat(path)
	return err == nil && facts.IsDir()
}
