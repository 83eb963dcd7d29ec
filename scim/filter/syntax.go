package filter

import "github.com/deskbridge/deskbridge/provision"

// node is a filter as it is written: *logical, *negation or *comparison. What
// its names mean is not known yet.
type node interface{ node() }

// logical joins two conditions; both operators associate to the left.
type logical struct {
	or          bool // else and
	left, right node
}

// negation is not (…).
type negation struct{ inner node }

// comparison is an attribute expression, a value filter, or a value filter with
// an attribute expression behind it (emails[type eq "work"].value eq "x", as
// Entra sends it).
type comparison struct {
	name   name
	within node         // what stands in brackets; nil: nothing
	op     provision.Op // "" for a value filter alone
	value  any          // string, bool, json.Number; nil for null; unused with pr
}

// name is an attribute name as it is written, in any letter case.
type name struct {
	urn  string // "" for none
	attr string
	sub  string // "" for none
}

func (*logical) node()    {}
func (*negation) node()   {}
func (*comparison) node() {}
