// Package ruleform has rules as a form of the console shows and sends them: one a line,
// lists with commas between the names.
package ruleform

import (
	"cmp"
	"encoding/csv"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Line is one rule, as it is read and edited.
type Line struct {
	Connection               string
	Kind                     string // "group" or "attribute"
	Group, Attribute, Equals string
	Role, Teams, Mailboxes   string
	DeskRoles, Until         string
	People                   int  // direct members of the group
	Counted                  bool // People is known
	Bound                    bool // the group was pushed
	Removed                  bool // in a draft
}

// Source says what grants.
func (r *Line) Source() string {
	switch {
	case r.Group != "":
		return "group " + r.Group
	case r.Equals != "":
		return r.Attribute + " = " + r.Equals
	}
	return cmp.Or(r.Attribute, "–")
}

// Of returns the line of a rule for a connection of that name.
func Of(r provision.Rule, connection string) Line {
	line := Line{Connection: connection, Kind: "group", Group: r.Group, Attribute: r.Attribute, Equals: r.Equals,
		Role: string(r.Role), Teams: commas(r.Teams), Mailboxes: commas(r.Mailboxes), DeskRoles: commas(r.DeskRoles), Until: provision.FormatUntil(r.Until), Bound: r.GroupID != "" || r.Group == ""}
	if r.Attribute != "" {
		line.Kind = "attribute"
	}
	return line
}

// Read reads the rules that a form has.
func Read(form url.Values) []Line {
	var lines []Line
	at := func(name string, i int) string {
		if list := form[name]; i < len(list) {
			return strings.TrimSpace(list[i])
		}
		return ""
	}
	for i := range form["connection"] {
		line := Line{Connection: at("connection", i), Group: at("group", i), Attribute: at("attribute", i), Equals: at("equals", i), Role: at("role", i),
			Teams: at("teams", i), Mailboxes: at("mailboxes", i), DeskRoles: at("desk_roles", i), Until: at("until", i), Bound: true, Removed: slices.Contains(form["remove"], strconv.Itoa(i))}
		line.Kind = "group"
		if line.Attribute != "" {
			line.Kind = "attribute"
		}
		if line.Group == "" && line.Attribute == "" || line.Removed {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// Rule returns the rule that a line of a form says.
func (r *Line) Rule() (out provision.Rule, err error) {
	out = provision.Rule{Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: provision.RoleNone}
	if r.Role != "" {
		if out.Role, err = provision.ParseRole(r.Role); err != nil {
			return out, err
		}
	}
	if r.Until != "" {
		end, err := provision.ParseUntil("until", r.Until)
		if err != nil {
			return out, err
		}
		out.Until = &end
	}
	for _, part := range []struct {
		text string
		to   *[]string
	}{{r.Teams, &out.Teams}, {r.Mailboxes, &out.Mailboxes}, {r.DeskRoles, &out.DeskRoles}} {
		if *part.to, err = split(part.text); err != nil {
			return out, err
		}
	}
	return out, nil
}

// commas writes names with commas between them, as [split] reads them: one that has
// a comma itself stands between quotation marks.
func commas(names []string) string {
	out := slices.Clone(names)
	for i, name := range out {
		if strings.ContainsAny(name, `,"`) {
			out[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	return strings.Join(out, ", ")
}

// split splits a list with commas.
func split(text string) (out []string, _ error) {
	if text == "" {
		return nil, nil
	}
	in := csv.NewReader(strings.NewReader(text))
	in.TrimLeadingSpace = true
	fields, err := in.Read()
	if err != nil {
		return nil, provision.Errorf(provision.Invalid, "", "%q is no list of names with commas between them; a name with a comma stands between quotation marks", provision.Clip(text))
	}
	for _, word := range fields {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return provision.Sorted(out), nil
}
