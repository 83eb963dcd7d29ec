// Package requestlog lets whoever answers a request add to the one line that
// the log has of it: which connection and token, which person or group, and why
// it was refused.
package requestlog

import (
	"context"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// Line is what will stand in the log of one request. It is safe for concurrent
// use; a nil one takes everything and keeps nothing.
type Line struct {
	mu sync.Mutex
	noted
}

// noted is what a line says.
type noted struct {
	attrs        []slog.Attr
	connection   string
	connectionID string
	entries      map[string]bool // that it caused, by what they say; nil: none
	accounts     map[string]bool // that are to change, by person and desk; nil: none
}

func (n noted) clone() noted {
	n.attrs, n.entries, n.accounts = slices.Clone(n.attrs), maps.Clone(n.entries), maps.Clone(n.accounts)
	return n
}

type key struct{}

// With returns ctx with a new line.
func With(ctx context.Context) (context.Context, *Line) {
	l := new(Line)
	return context.WithValue(ctx, key{}, l), l
}

// Of returns the line of the request behind ctx; nil when there is none.
func Of(ctx context.Context) *Line {
	l, _ := ctx.Value(key{}).(*Line)
	return l
}

// Set puts something into the line, in the place of what was there by that
// name; "" takes it out. Of people and groups it takes ids only.
func (l *Line) Set(name, value string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attrs = slices.DeleteFunc(l.attrs, func(a slog.Attr) bool { return a.Key == name })
	if value != "" {
		l.attrs = append(l.attrs, slog.String(name, value))
	}
}

// SetConnection puts the name of a connection into the line. It must be one
// that there is: metrics are counted by it.
func (l *Line) SetConnection(name string) {
	if l == nil {
		return
	}
	l.Set("connection", name)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connection = name
}

// Mark returns what makes the line again what it is now.
func (l *Line) Mark() (back func()) {
	if l == nil {
		return func() {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.clone()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.noted = was.clone()
	}
}

// Did says what is asked for, and in a few words what of it, or how much: meaning,
// and nothing that was sent.
func (l *Line) Did(verb Verb, detail string) {
	l.Set("did", string(verb))
	l.Set("detail", detail)
}

// About puts the id of the connection that the request is about into the line.
// Beside [Line.SetConnection] it is for the request log, and is in no metric.
func (l *Line) About(id string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connectionID = id
}

// ConnectionID returns what [Line.About] was told; "" for nothing.
func (l *Line) ConnectionID() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connectionID
}

// Entry counts an entry of the audit log that the request causes. What a
// transaction says again, because it is run again, counts once.
func (l *Line) Entry(says string) {
	l.count(func(n *noted) *map[string]bool { return &n.entries }, says)
}

// Account counts an account that is to change because of the request, likewise.
func (l *Line) Account(which string) {
	l.count(func(n *noted) *map[string]bool { return &n.accounts }, which)
}

func (l *Line) count(in func(*noted) *map[string]bool, one string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	set := in(&l.noted)
	if *set == nil {
		*set = make(map[string]bool)
	}
	(*set)[one] = true
}

// Caused returns how many entries and accounts were counted.
func (l *Line) Caused() (entries, accounts int) {
	if l == nil {
		return 0, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries), len(l.accounts)
}

// Get returns what is in the line by a name; "" for nothing.
func (l *Line) Get(name string) string {
	for _, a := range l.Attrs() {
		if a.Key == name {
			return a.Value.String()
		}
	}
	return ""
}

// SetID is [Line.Set] of an id from a path. What is not in the form of ours is
// somebody's invention, a name perhaps, and left out.
func (l *Line) SetID(name, id string) {
	if ours.MatchString(id) {
		l.Set(name, id)
	}
}

var ours = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Connection returns the name of the connection that the request is about; ""
// when it is about none.
func (l *Line) Connection() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connection
}

// Attrs returns what was put in, in that order.
func (l *Line) Attrs() []slog.Attr {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.attrs)
}

// quoted is text that an error repeats: a value that a client has sent.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|“[^”]*”`)

// attribute is the name of an attribute, or part of one, which is nobody's.
var attribute = regexp.MustCompile(`^"(?:userName|externalId|displayName|emails|members|active|name|groups|roles|value|type|primary|schemas|Operations|op|path|id|meta|urn:[A-Za-z0-9:._-]+)"$`)

// WithoutValues returns the text of an error without the values that it quotes,
// which may be somebody's name or address.
func WithoutValues(text string) string {
	return quoted.ReplaceAllStringFunc(text, func(q string) string {
		if attribute.MatchString(q) {
			return q
		}
		return "…"
	})
}
