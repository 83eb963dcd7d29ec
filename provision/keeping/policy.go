package keeping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Field is a part of a profile that a policy may be about.
type Field string

// The fields. Given, family and display name are one: most desks keep one of them, and
// make it of the others.
const (
	Name     Field = "name"
	Title    Field = "title"
	Phone    Field = "phone"
	Timezone Field = "timezone"
)

// Fields are all of them, in the order in which they are shown.
var Fields = []Field{Name, Title, Phone, Timezone}

// Keep says who keeps a field. The empty one is [InStep].
type Keep string

// Who keeps a field.
const (
	InStep Keep = "keep-in-step"    // default: the desk shows what the identity provider says, and a difference is put right
	Once   Keep = "set-once"        // sent to a user who has none; what the desk shows from then on is no difference
	Person Keep = "leave-to-person" // never sent, but for the name of a user who is made
)

// keeps are all of them.
var keeps = []Keep{InStep, Once, Person}

// Policy says who keeps which field; what it does not name is kept in step.
type Policy map[Field]Keep

// Of returns who keeps a field.
func (p Policy) Of(f Field) Keep {
	if k := p[f]; k != "" {
		return k
	}
	return InStep
}

// Same reports whether two policies say the same.
func (p Policy) Same(o Policy) bool { return len(p.Changed(o)) == 0 }

// Changed returns the fields of which two policies say different things, those that
// there are not included.
func (p Policy) Changed(o Policy) (fields []Field) {
	for _, f := range slices.Concat(Fields, slices.Sorted(maps.Keys(p)), slices.Sorted(maps.Keys(o))) {
		if p.Of(f) != o.Of(f) && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Read returns the policy of these words; what there is not stays as it is written, for
// [Policy.Validate] to refuse.
func Read(words map[string]string) Policy {
	p := make(Policy, len(words))
	for f, k := range words {
		p[Field(f)] = Keep(k)
	}
	return p.Canonical()
}

// Words returns p as a file or a command has it; nil when all is kept in step.
func (p Policy) Words() map[string]string {
	var words map[string]string
	for f, k := range p.Canonical() {
		if words == nil {
			words = make(map[string]string)
		}
		words[string(f)] = string(k)
	}
	return words
}

// With returns p with what said says of fields; of which it says "" stay as they are.
func (p Policy) With(said func(Field) string) Policy {
	words := make(map[string]string)
	for _, l := range p.Lines() {
		words[string(l.Field)] = string(l.By)
		if keep := said(l.Field); keep != "" {
			words[string(l.Field)] = keep
		}
	}
	return Read(words)
}

// Line is a field, and who keeps it.
type Line struct {
	Field Field
	By    Keep
}

// Choice is who may.
func (Line) Choice() []Keep { return keeps }

// Lines returns all fields of p, those that are kept in step included.
func (p Policy) Lines() []Line {
	lines := make([]Line, len(Fields))
	for i, f := range Fields {
		lines[i] = Line{f, p.Of(f)}
	}
	return lines
}

// Canonical returns p as it is kept: without what is the default. It is nil when
// nothing else is said.
func (p Policy) Canonical() Policy {
	var out Policy
	for f, k := range p {
		if (k == "" || k == InStep) && slices.Contains(Fields, f) {
			continue
		}
		if out == nil {
			out = make(Policy)
		}
		out[f] = k
	}
	return out
}

// Sends reports whether desks may be sent more by o than by p: what was left alone
// may be a difference now.
func (p Policy) Sends(o Policy) bool {
	strict := func(k Keep) int { return slices.Index([]Keep{Person, Once, InStep}, k) }
	return slices.ContainsFunc(Fields, func(f Field) bool { return strict(o.Of(f)) > strict(p.Of(f)) })
}

// String returns p in words, as "title set-once, phone leave-to-person"; "" when all
// is kept in step.
func (p Policy) String() string {
	var words []string
	for _, f := range Fields {
		if k := p.Of(f); k != InStep {
			words = append(words, string(f)+" "+string(k))
		}
	}
	return strings.Join(words, ", ")
}

// notFields says why something is no field of a policy, by what somebody may call it.
var notFields = map[string]string{
	"email":        "the e-mail address is what a desk knows somebody by, and is always kept in step",
	"user_name":    "the userName is what somebody is known by, and is no field of a profile",
	"external_id":  "the external id is what Deskbridge knows its users by, and is no field of a profile",
	"given_name":   "desks make one name of another: say name, which is given, family and display name together",
	"family_name":  "desks make one name of another: say name, which is given, family and display name together",
	"display_name": "desks make one name of another: say name, which is given, family and display name together",
	"locale":       "no desk is sent a locale",
	"role":         "roles, teams and mailboxes follow from rules",
	"teams":        "roles, teams and mailboxes follow from rules",
	"mailboxes":    "roles, teams and mailboxes follow from rules",
}

// Validate returns every mistake in p, each as a sentence without an end.
func (p Policy) Validate() (mistakes []string) {
	for _, f := range slices.Sorted(maps.Keys(p)) {
		switch why := notFields[strings.ToLower(strings.ReplaceAll(string(f), "-", "_"))]; {
		case slices.Contains(Fields, f):
		case why != "":
			mistakes = append(mistakes, fmt.Sprintf("%s cannot be named: %s", f, why))
		default:
			mistakes = append(mistakes, fmt.Sprintf("unknown field %q; use %s", cut(string(f)), listed(Fields)))
		}
		if k := p[f]; k != "" && !slices.Contains(keeps, k) {
			mistakes = append(mistakes, fmt.Sprintf("%s: nobody keeps a field as %q; use %s", cut(string(f)), cut(string(k)), listed(keeps)))
		}
	}
	return mistakes
}

// longest is how many characters of a word that somebody typed are told.
const longest = 40

func cut(word string) string {
	if runes := []rune(word); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return word
}

func listed[T ~string](words []T) string {
	var all []string
	for _, w := range words {
		all = append(all, string(w))
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}
