package csvimport

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// enterprise is the extension of RFC 7643 §4.3.
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// columns of people, each with where in a SCIM User it belongs (RFC 7643 §4.1, §4.3).
var columns = []struct {
	name string
	set  func(doc resource.Object, value string)
}{
	{"userName", top("userName")}, {"externalId", top("externalId")}, {"active", nil}, {"displayName", top("displayName")},
	{"givenName", within("name", "givenName")}, {"familyName", within("name", "familyName")},
	{"email", list("emails", true)}, {"phone", list("phoneNumbers", false)}, {"role", list("roles", false)},
	{"title", top("title")}, {"timezone", top("timezone")}, {"locale", top("locale")}, {"userType", top("userType")}, {"preferredLanguage", top("preferredLanguage")},
	{"department", within(enterprise, "department")}, {"division", within(enterprise, "division")}, {"organization", within(enterprise, "organization")},
	{"costCenter", within(enterprise, "costCenter")}, {"employeeNumber", within(enterprise, "employeeNumber")},
	{"manager", func(doc resource.Object, value string) {
		within(enterprise, "manager")(doc, "")
		if value != "" {
			doc[enterprise].(resource.Object)["manager"] = resource.Object{"value": value}
		}
	}},
}

func top(name string) func(resource.Object, string) {
	return func(doc resource.Object, value string) {
		delete(doc, name)
		if value != "" {
			doc[name] = value
		}
	}
}

func within(container, name string) func(resource.Object, string) {
	return func(doc resource.Object, value string) {
		inner, ok := doc[container].(resource.Object)
		if !ok {
			inner = resource.Object{}
		}
		delete(inner, name)
		if value != "" {
			inner[name] = value
		}
		if delete(doc, container); len(inner) > 0 || name == "manager" {
			doc[container] = inner
		}
	}
}

// list sets a list of values, which stand in a cell between | or newlines; the first is
// the primary one where there is one.
func list(name string, primary bool) func(resource.Object, string) {
	return func(doc resource.Object, value string) {
		var all []any
		for i, one := range several(value) {
			element := resource.Object{"value": one}
			if primary && i == 0 {
				element["primary"] = true
			}
			all = append(all, element)
		}
		if delete(doc, name); len(all) > 0 {
			doc[name] = all
		}
	}
}

// several returns the values of a cell.
func several(text string) (out []string) {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == '\n' || r == '\r' }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// active reads whether somebody is active; an empty cell says that they are.
func active(text string) (is, ok bool) {
	switch provision.Fold(text) {
	case "", "true", "yes", "1", "active":
		return true, true
	case "false", "no", "0", "inactive", "suspended":
		return false, true
	}
	return false, false
}

func peopleCommand(a *command.App) *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:   "people FILE",
		Short: "Add people from CSV, and change those who are there",
		Long: `Add people from CSV, and change those whom the connection has under the same userName. The file has a
header; userName is needed, and what it has no column for stays as it is. Values of email, phone and role stand between |,
the primary address first. Who is not in the file stays, too: active says no of whoever leaves. A row becomes
a SCIM User, and is checked as one that is pushed: all rows before anything is done, and with a mistake in the file nothing is.
The same file again changes nothing, and completes an import that was interrupted; - reads standard input.`,
		Example: "  deskbridge import people people.csv --connection files --dry-run\n  deskbridge import people people.csv --connection files",
	}
	from.flag(cmd)
	return importing(a, cmd, [2]string{"person", "people"}, func(ctx context.Context, sys *server.System, text []byte, dry bool, out *Imported, m *Mistakes, step func(rows, n int)) error {
		conn, err := from.of(ctx, sys)
		if err != nil {
			return err
		}
		var known []string
		for _, c := range columns {
			if c.set != nil || c.name == "active" {
				known = append(known, c.name)
			}
		}
		rows, mistakes := read(text, known, []string{"userName"})
		*m, out.Rows = mistakes, len(rows)
		once(rows, m)
		return carryOut(ctx, rows, map[string]string{"emails": "email", "phoneNumbers": "phone", "roles": "role"}, dry, out, m, step, func(ctx context.Context, r row) (what, error) {
			return person(ctx, sys, conn, r)
		})
	})
}

// once tells of rows that say the same userName or externalId twice, and of those that
// say nothing of who is meant or whether they are active.
func once(rows []row, m *Mistakes) {
	names, ids := make(map[string]int, len(rows)), make(map[string]int)
	for _, r := range rows {
		name := provision.Fold(r.text("userName"))
		switch before, twice := names[name]; {
		case name == "":
			r.wrong(m, "userName", "this is empty")
		case twice:
			r.wrong(m, "userName", "the same as in line %d", before)
		default:
			names[name] = r.line
		}
		if id := r.text("externalId"); id != "" { // which tells letter case apart
			if before, twice := ids[id]; twice {
				r.wrong(m, "externalId", "the same as in line %d", before)
			} else {
				ids[id] = r.line
			}
		}
		if text, there := r.cells["active"]; there {
			if _, ok := active(strings.TrimSpace(text.text)); !ok {
				r.wrong(m, "active", "write yes or no")
			}
		}
	}
}

// find returns who of a connection goes by a userName; nil for nobody.
func find(ctx context.Context, sys *server.System, conn provision.Connection, userName string) (*provision.Identity, error) {
	called := provision.Compare{Path: provision.Path{"userName"}, Op: provision.OpEqual, Type: provision.TypeString, Value: userName}
	page, err := sys.Core.Directory.Identities(ctx, conn.ID, provision.Query{Where: called, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return &page.Items[0], nil
}

// person adds or changes one person. Somebody suspended who surely is meant comes back under
// the name of the row: see CreateIdentity of provision/directory.
func person(ctx context.Context, sys *server.System, conn provision.Connection, r row) (what, error) {
	describe := func(id *provision.Identity) error {
		doc, err := resource.UserDocument(*id)
		if err != nil {
			return err
		}
		if doc == nil {
			doc = resource.Object{}
		}
		for _, c := range columns {
			if at, there := r.cells[c.name]; there && c.set != nil {
				c.set(doc, strings.TrimSpace(at.text))
			}
		}
		is, _ := active(r.text("active"))
		if _, there := r.cells["active"]; !there && id.Status != "" {
			is = id.Active()
		}
		doc["active"] = is
		read, err := resource.User.Read(doc)
		if err != nil {
			return err
		}
		err = resource.Describe(id, read)
		conn.Describe(id)
		return err
	}
	before, err := find(ctx, sys, conn, r.text("userName"))
	if err != nil {
		return unchanged, err
	}
	if before == nil {
		var id provision.Identity
		if err := describe(&id); err != nil {
			return unchanged, err
		}
		_, back, err := sys.Core.Directory.CreateIdentity(ctx, conn.ID, sys.Cause, id)
		if back {
			return changed, err
		}
		return added, err
	}
	after, err := sys.Core.Directory.UpdatePerson(ctx, conn.ID, before.ID, sys.Cause, describe)
	if err != nil || after.Version != before.Version {
		return changed, err
	}
	return unchanged, nil
}
