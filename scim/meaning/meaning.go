// Package meaning says what SCIM requests mean, for the request log: which
// attributes, how many members, and no value that was sent.
package meaning

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
)

// nothing is what a request changes that asks for what is there already.
const nothing = "nothing"

// OfPerson says what of a person changes.
func OfPerson(was, now *provision.Identity) string {
	var parts []string
	note := func(changed bool, what string) {
		if changed {
			parts = append(parts, what)
		}
	}
	note(was.Active() && !now.Active(), "suspended")
	note(!was.Active() && now.Active(), "active again")
	note(was.UserName != now.UserName, "userName")
	note(was.ExternalID != now.ExternalID, "externalId")
	note(was.Profile != now.Profile, "name or address")
	note(!slices.Equal(was.Emails, now.Emails), "emails")
	note(!slices.Equal(was.Requested.Roles, now.Requested.Roles), "roles")
	names := slices.Sorted(maps.Keys(now.Attributes))
	for name := range was.Attributes {
		if _, ok := now.Attributes[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		note(!slices.Equal(was.Attributes[name], now.Attributes[name]), name)
	}
	if len(parts) == 0 && !bytes.Equal(was.Document, now.Document) {
		return "attributes that no rule looks at"
	}
	return few(parts)
}

// OfGroup says what of a group is to change: how many members it asks to add
// and remove, of which some may be there, or gone, already.
func OfGroup(was *provision.Group, now *directory.GroupChange) string {
	var parts []string
	if was.DisplayName != now.DisplayName {
		parts = append(parts, "renamed")
	}
	if was.ExternalID != now.ExternalID {
		parts = append(parts, "externalId")
	}
	added, removed, all := now.Asked()
	if all {
		parts = append(parts, "members replaced by "+strconv.Itoa(added))
	} else if members := Members(added, removed); members != "" {
		parts = append(parts, members)
	}
	return few(parts)
}

// Members says how many members are added and removed; "" for none.
func Members(added, removed int) string {
	var parts []string
	if added > 0 {
		parts = append(parts, Count(added, "member")+" added")
	}
	if removed > 0 {
		parts = append(parts, Count(removed, "member")+" removed")
	}
	return strings.Join(parts, ", ")
}

// Count is a number of something.
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// mostParts is how many parts of a change are named.
const mostParts = 8

func few(parts []string) string {
	if len(parts) == 0 {
		return nothing
	}
	if more := len(parts) - mostParts; more > 0 {
		parts = append(parts[:mostParts:mostParts], strconv.Itoa(more)+" more")
	}
	return strings.Join(parts, ", ")
}

// OfFilter names the attributes that a filter looks at; "" of nil.
func OfFilter(filter provision.Expr) string {
	var names []string
	var walk func(e provision.Expr, under string)
	walk = func(e provision.Expr, under string) {
		switch e := e.(type) {
		case provision.And:
			walk(e.Left, under)
			walk(e.Right, under)
		case provision.Or:
			walk(e.Left, under)
			walk(e.Right, under)
		case provision.Not:
			walk(e.Expr, under)
		case provision.Element:
			walk(e.Where, under+strings.Join(e.Path, ".")+".")
		case provision.Compare:
			names = append(names, under+strings.Join(e.Path, "."))
		}
	}
	walk(filter, "")
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return few(slices.Compact(names))
}
