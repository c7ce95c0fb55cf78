// Link passes connections on to a registry at the speed of a link, and counts what comes from there.
//
//	link ADDRESS MEGABITS_PER_SECOND [LISTEN]
//
// It prints where it listens, which is a port of this machine's own where nothing else is said, and then, for each line on
// its standard input, how many bytes it has passed on so far. Where the speed is 0 it is as fast as it can be. It ends when
// its input does. An address that begins with a slash is that of a socket, by which a link leads out of a network.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A link sends packets, and no connection waits for a megabyte of another one.
	piece = 16 << 10
	// What the system lets us sleep too long for is made up for, up to this.
	burst = 5 * time.Millisecond
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 4 {
		log.Fatal("link ADDRESS MEGABITS_PER_SECOND [LISTEN]")
	}
	listen := "127.0.0.1:0"
	if len(os.Args) == 4 {
		listen = os.Args[3]
	}
	megabits, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen(network(listen), listen)
	if err != nil {
		log.Fatal(err)
	}
	down := &direction{bytesPerSecond: megabits * 1e6 / 8}
	up := &direction{bytesPerSecond: megabits * 1e6 / 8}
	go accept(listener, os.Args[1], down, up)
	fmt.Println(listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(down.passed.Load())
	}
}

func network(address string) string {
	if strings.HasPrefix(address, "/") {
		return "unix"
	}
	return "tcp"
}

func accept(listener net.Listener, address string, down, up *direction) {
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go connect(client, address, down, up)
	}
}

func connect(client net.Conn, address string, down, up *direction) {
	defer client.Close()
	registry, err := net.Dial(network(address), address)
	if err != nil {
		log.Print(err)
		return
	}
	defer registry.Close()
	// Bytes that lie in the buffer of a client which has gone were not on the link.
	shrink(client)
	go func() {
		up.pass(registry, client)
		registry.(interface{ CloseWrite() error }).CloseWrite()
	}()
	down.pass(client, registry)
}

func shrink(connection net.Conn) {
	if err := connection.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4 * piece); err != nil {
		log.Print(err)
	}
}

// direction is one way of the link, which all connections share.
type direction struct {
	bytesPerSecond float64
	passed         atomic.Int64
	lock           sync.Mutex
	// free is when all that was given to the link has been sent.
	free time.Time
}

// pass goes on until one of the two ends.
func (d *direction) pass(to io.Writer, from io.Reader) {
	size := piece
	if d.bytesPerSecond == 0 {
		size *= 16
	}
	buffer := make([]byte, size)
	for {
		read, err := from.Read(buffer)
		if read > 0 {
			d.wait(read)
			written, failure := to.Write(buffer[:read])
			d.passed.Add(int64(written))
			if failure != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait takes as long as the link needs for so many bytes, after those that were given to it before.
func (d *direction) wait(bytes int) {
	if d.bytesPerSecond == 0 {
		return
	}
	d.lock.Lock()
	if earliest := time.Now().Add(-burst); d.free.Before(earliest) {
		d.free = earliest
	}
	d.free = d.free.Add(time.Duration(float64(bytes) / d.bytesPerSecond * float64(time.Second)))
	free := d.free
	d.lock.Unlock()
	time.Sleep(time.Until(free))
}
