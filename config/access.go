package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// maxAccessFile is the size above which a file is taken for a mistake.
const maxAccessFile = 4 << 20

// Access is the content of an access.yaml.
type Access struct {
	Connections []Connection `yaml:"connections"`
	Desks       []Desk       `yaml:"desks"`
	Rules       []Rule       `yaml:"rules"`
}

// Connection is one IdP tenant.
type Connection struct {
	Name    string         `yaml:"name"`
	IdP     string         `yaml:"idp"`
	Domains []string       `yaml:"domains"`
	JIT     *JIT           `yaml:"jit"`
	Match   Match          `yaml:"match"`
	SAML    *protocol.SAML `yaml:"saml"`
	OIDC    *protocol.OIDC `yaml:"oidc"`
	SCIM    *SCIM          `yaml:"scim"`

	SignInDisabled bool   `yaml:"sign_in_disabled"`
	SignInExpiry   string `yaml:"sign_in_expiry"`  // as 30d
	SignInRecheck  string `yaml:"sign_in_recheck"` // as 1h
}

// JIT says what a first sign-in may make.
type JIT struct {
	Create   *bool    `yaml:"create"` // default true
	Role     string   `yaml:"role"`   // on every desk that the rules of the connection name; short for a rule with attribute jit
	Groups   []string `yaml:"groups"` // only people in one of these
	NoGroups string   `yaml:"no_groups"`
}

// Match says by what a first sign-in finds somebody who is known already.
type Match struct {
	Email bool `yaml:"email"`
}

// SCIM says how an IdP may get in beside our tokens.
type SCIM struct {
	JWT        *protocol.JWT `yaml:"jwt"`
	ValidUntil string        `yaml:"valid_until"` // the attribute that says when a person's access ends
}

// Desk is one help desk account.
type Desk struct {
	Name     string            `yaml:"name"`
	Kind     string            `yaml:"kind"`
	URL      string            `yaml:"url"`
	Secret   string            `yaml:"secret"`
	Settings map[string]string `yaml:"settings"`
	OnLeave  Steps             `yaml:"on_leave"`

	Approve        string `yaml:"approve"`         // deletes
	ApproveTimeout string `yaml:"approve_timeout"` // as 7d
	ApproveThen    string `yaml:"approve_then"`    // ask, keep or carry-out
	ApproveSecond  bool   `yaml:"approve_second"`

	HandOver    HandOver             `yaml:"hand_over"`
	Seats       int                  `yaml:"seats"`
	Price       *SeatPrice           `yaml:"seat_price"`
	Idle        *Idle                `yaml:"idle"`
	Adoption    string               `yaml:"adoption"`
	AdoptIgnore []string             `yaml:"adopt_ignore"` // addresses with *, or id: and the id of a desk user
	Profile     map[string]string    `yaml:"profile"`      // keep-in-step, set-once or leave-to-person, by field
	SignIn      *protocol.DeskSignIn `yaml:"sign_in"`
	Drift       string               `yaml:"drift"`
	Rate        float64              `yaml:"rate"`
}

// SeatPrice says what a seat costs; amounts are decimal numbers, as "45.00".
type SeatPrice struct {
	Amount   string `yaml:"amount"`
	Limited  string `yaml:"limited"` // of a seat with role limited; default: the same
	Currency string `yaml:"currency"`
	Per      string `yaml:"per"` // month or year
}

// Idle says when somebody does not use their seat, and what follows.
type Idle struct {
	After  string   `yaml:"after"`  // as 60d
	Do     string   `yaml:"do"`     // propose, downgrade or free
	Except []string `yaml:"except"` // groups
}

// HandOver says who takes over a leaver's open conversations.
type HandOver struct {
	Agent     string                  `yaml:"agent"`
	Team      string                  `yaml:"team"`
	To        string                  `yaml:"to"`
	Cap       int                     `yaml:"cap"`
	Mailboxes map[string]HandOverRule `yaml:"mailboxes"`
}

// HandOverRule says who takes over conversations in one mailbox.
type HandOverRule struct {
	Agent string `yaml:"agent"`
	Team  string `yaml:"team"`
	To    string `yaml:"to"`
}

// Rule says what a group or an attribute grants on a desk.
type Rule struct {
	Connection string   `yaml:"connection"`
	Group      string   `yaml:"group"`
	Attribute  string   `yaml:"attribute"`
	Equals     string   `yaml:"equals"`
	Desk       string   `yaml:"desk"`
	Role       string   `yaml:"role"`
	Teams      []string `yaml:"teams"`
	Mailboxes  []string `yaml:"mailboxes"`
	Until      string   `yaml:"until"` // a day, which counts to its end in UTC, or a moment (RFC 3339)
	DeskRoles  []string `yaml:"desk_roles"`
}

// ReadAccess reads an access.yaml. In a secret ${env:NAME} stands for an
// environment variable, looked up by getenv, and ${file:PATH} for the content of
// a file; elsewhere they are mistakes, as are unknown keys. Every mistake is
// named with its line; none repeats a value, which may be a secret. With an error
// comes what could be read.
func ReadAccess(r io.Reader, getenv func(string) (string, bool)) (Access, error) {
	return ReadAccessFrom(r, Sources{Environment: getenv, File: ReadRegular})
}

// Sources are where the values come from that an access.yaml refers to.
type Sources struct {
	Environment func(name string) (string, bool)
	File        func(path string) ([]byte, error) // its errors hold nothing of what is in a file
}

// ReadAccessFrom is [ReadAccess] for a file whose references are looked up elsewhere
// than in this process.
func ReadAccessFrom(r io.Reader, from Sources) (Access, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxAccessFile+1))
	if err != nil {
		return Access{}, err
	}
	if len(text) > maxAccessFile {
		return Access{}, fmt.Errorf("the file is larger than %d bytes", maxAccessFile)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Access{}, fmt.Errorf("not YAML: %w", err)
	}
	if len(root.Content) == 0 {
		return Access{}, errors.New("the file is empty; it needs at least one of connections, desks, rules")
	}
	reader := accessReader{from: from, misplaced: make(map[*yaml.Node]bool)}
	reader.expand(&root)
	reader.checkKeys(root.Content[0], reflect.TypeFor[Access](), "")
	var access Access
	if err := root.Content[0].Decode(&access); err != nil {
		reader.mistakes = append(reader.mistakes, decodeMistakes(err)...)
	}
	return access, errors.Join(reader.mistakes...)
}

// decodeMistakes returns the mistakes in an error of the YAML library, each by
// itself and without the value that it repeats.
func decodeMistakes(err error) (mistakes []error) {
	several, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return []error{err}
	}
	for _, one := range several.Errors {
		mistakes = append(mistakes, errors.New(quotedValue.ReplaceAllString(one, "")))
	}
	return mistakes
}

var quotedValue = regexp.MustCompile(" `[^`]*`")

// Lines returns the lines on which the entries of an access.yaml begin, by their
// names in mistakes: "connections[1]" is the first connection. What is no YAML
// has none.
func Lines(text []byte) map[string]int {
	lines := make(map[string]int)
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return lines
	}
	for i, top := 0, root.Content[0].Content; i+1 < len(top); i += 2 {
		lines[top[i].Value] = top[i].Line
		if top[i+1].Kind == yaml.SequenceNode {
			for j, entry := range top[i+1].Content {
				lines[fmt.Sprintf("%s[%d]", top[i].Value, j+1)] = entry.Line
			}
		}
	}
	return lines
}

type accessReader struct {
	from      Sources
	mistakes  []error
	misplaced map[*yaml.Node]bool // references where none may stand
	aliases   int                 // that were followed
}

func (a *accessReader) wrong(n *yaml.Node, format string, args ...any) {
	a.mistakes = append(a.mistakes, fmt.Errorf("line %d: "+format, append([]any{n.Line}, args...)...))
}

// checkKeys finds keys below n that t has no field for.
func (a *accessReader) checkKeys(n *yaml.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			a.checkKeys(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i+1))
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			a.checkKeys(n.Content[i+1], t.Elem(), path+"."+n.Content[i].Value)
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			field, known := fieldOf(t, key.Value)
			if !known {
				a.wrong(key, "%s has no key %q; it knows %s", describe(path), key.Value, strings.Join(tags(t), ", "))
				continue
			}
			a.checkKeys(value, field, strings.TrimPrefix(path+"."+key.Value, "."))
		}
	}
}

func describe(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for field := range t.Fields() {
		if field.IsExported() && field.Tag.Get("yaml") == key {
			return field.Type, true
		}
	}
	return nil, false
}

func tags(t reflect.Type) (names []string) {
	for field := range t.Fields() {
		if field.IsExported() {
			names = append(names, field.Tag.Get("yaml"))
		}
	}
	return names
}
