package profile

import (
	"strings"
	"unicode"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
)

// Told is what became of one text of a profile on a desk.
type Told struct {
	Text   string       `json:"text"`             // "email", "given_name", "family_name", "display_name", "title", "phone", "timezone"
	Said   string       `json:"said,omitempty"`   // by the identity provider; may be empty
	Kept   string       `json:"kept,omitempty"`   // as the desk keeps it, whoever keeps the field; empty: it keeps none
	Change Change       `json:"change,omitempty"` // what lies between the two
	By     keeping.Keep `json:"by"`               // who keeps it
}

// Change is what a desk makes of a text.
type Change string

// The changes.
const (
	ChangeNone    Change = ""        // the desk keeps what was said
	ChangeCut     Change = "cut"     // it was longer than the desk takes
	ChangeDerived Change = "derived" // nothing was said, or the desk makes this text of others
	ChangeSpelled Change = "spelled" // the desk writes it in its own way
	ChangeDropped Change = "dropped" // the desk keeps no such text, or not this one
)

// Tell says of each text that is said of somebody, or kept by a desk, what becomes of
// it there. said is what is said, kept the same in the desk's own spelling.
func Tell(p keeping.Policy, said, kept provision.DeskUser) (all []Told) {
	for _, t := range []struct {
		text       string
		field      keeping.Field // "": always kept in step
		said, kept string
	}{
		{"email", "", said.Email, kept.Email},
		{"given_name", keeping.Name, said.GivenName, kept.GivenName},
		{"family_name", keeping.Name, said.FamilyName, kept.FamilyName},
		{"display_name", keeping.Name, said.DisplayName, kept.DisplayName},
		{"title", keeping.Title, said.Title, kept.Title},
		{"phone", keeping.Phone, said.Phone, kept.Phone},
		{"timezone", keeping.Timezone, said.Timezone, kept.Timezone},
	} {
		if t.said == "" && t.kept == "" {
			continue
		}
		told := Told{Text: t.text, Said: t.said, Kept: t.kept, Change: change(t.said, t.kept), By: p.Of(t.field)}
		if told.Change == ChangeSpelled && t.text == "display_name" && t.kept == strings.TrimSpace(kept.GivenName+" "+kept.FamilyName) {
			told.Change = ChangeDerived
		}
		all = append(all, told)
	}
	return all
}

// String says it in words: what the desk keeps, what lies between that and what was said,
// and who keeps it.
func (t Told) String() string {
	what := t.Kept
	switch t.Change {
	case ChangeCut:
		what += " (cut from " + t.Said + ")"
	case ChangeDerived:
		what += " (derived)"
	case ChangeSpelled:
		what += " (the identity provider says " + t.Said + ")"
	case ChangeDropped:
		what = t.Said + " (not kept there)"
	}
	return what + ", " + Words(t.By)
}

// Words says in words who keeps a field.
func Words(k keeping.Keep) string {
	return map[keeping.Keep]string{keeping.InStep: "kept in step", keeping.Once: "set once", keeping.Person: "left to the person"}[k]
}

func change(said, kept string) Change {
	switch plain := oneLine(said); {
	case said == kept:
		return ChangeNone
	case said == "":
		return ChangeDerived
	case kept == "":
		return ChangeDropped
	case len(kept) < len(plain) && strings.HasPrefix(plain, kept):
		return ChangeCut
	}
	return ChangeSpelled
}

// oneLine returns text as desks that keep one line show it.
func oneLine(text string) string { return strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ") }
