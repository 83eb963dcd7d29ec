package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// requestTimeout ends a run whose server does not answer.
const requestTimeout = 60 * time.Second

// client is one keep-alive connection. It writes requests as bytes and reads
// no more of the answers than it must: what the client costs is lost for the
// servers, which share the machine with it.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
	body bytes.Buffer
	head string // of every request, behind the first line
}

func dial(t *target) (*client, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	head := " HTTP/1.1\r\nHost: " + t.address + "\r\nAuthorization: Bearer " + t.token + "\r\n"
	if t.cookies != "" {
		head = " HTTP/1.1\r\nHost: " + t.address + "\r\nCookie: " + t.cookies + "\r\n"
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), head: head}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// request is one request; path is below the base URL of the SCIM endpoint.
type request struct {
	method, path, body string
	want               int // status
}

// do sends a request and returns the body of the answer, which is good until
// the next one.
func (c *client) do(base string, r request) ([]byte, error) {
	c.out.Reset()
	c.out.WriteString(r.method + " " + base + r.path + c.head)
	if r.body != "" {
		c.out.WriteString("Content-Type: application/scim+json\r\nContent-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	c.out.WriteString("\r\n" + r.body)
	if err := c.conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return nil, err
	}
	status, err := c.answer()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if status != r.want {
		return nil, fmt.Errorf("%s %s: got %d, want %d: %.500s", r.method, r.path, status, r.want, c.body.Bytes())
	}
	return c.body.Bytes(), nil
}

// answer reads one answer.
func (c *client) answer() (status int, _ error) {
	c.body.Reset()
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil {
		return 0, fmt.Errorf("no HTTP: %q", line)
	}
	length, chunked := int64(0), false
	for {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.ParseInt(value, 10, 64); err != nil {
				return 0, err
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			chunked = true
		}
	}
	if !chunked {
		_, err = io.CopyN(&c.body, c.in, length)
		return status, err
	}
	if _, err = c.body.ReadFrom(httputil.NewChunkedReader(c.in)); err != nil {
		return 0, err
	}
	end, err := c.line() // behind the last chunk
	if err == nil && end != "" {
		err = errors.New("an answer with a trailer")
	}
	return status, err
}

func (c *client) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	return strings.TrimRight(string(line), "\r\n"), err
}
