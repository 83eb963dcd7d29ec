package csvimport

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/scim/resource"
)

func groupsCommand(a *command.App) *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:   "groups FILE",
		Short: "Set the members of groups from CSV",
		Long: `Set the members of groups from CSV, with the columns group and member: a row for each membership. A group
that the file names has afterwards the members that the file gives it and no others, as after a PUT; with a row without
member it may have none. Groups that it does not name stay as they are. member is the userName of somebody of the connection.
Who loses the last that gave access is counted by mass-change protection. All groups are checked before anything is done, and
with a mistake in the file nothing is; - reads standard input.`,
		Example: "  deskbridge import groups groups.csv --connection files --dry-run",
	}
	from.flag(cmd)
	return importing(a, cmd, [2]string{"group", "groups"}, func(ctx context.Context, sys *server.System, text []byte, dry bool, out *Imported, m *Mistakes, step func(rows, n int)) error {
		conn, err := from.of(ctx, sys)
		if err != nil {
			return err
		}
		rows, mistakes := read(text, []string{"group", "member", "externalId"}, []string{"group", "member"})
		*m = mistakes
		wanted, order := make(map[string]*wantedGroup), []*wantedGroup{}
		people := make(map[string]provision.MemberID)
		for _, r := range rows {
			name := r.text("group")
			if name == "" {
				r.wrong(m, "group", "this is empty")
				continue
			}
			g := wanted[provision.Fold(name)]
			if g == nil {
				g = &wantedGroup{row: r, name: name, members: make(map[provision.MemberID]bool)}
				wanted[provision.Fold(name)], order = g, append(order, g)
			}
			if id := r.text("externalId"); id != "" && g.externalID != "" && id != g.externalID {
				r.wrong(m, "externalId", "a line before has %q for this group", g.externalID)
			} else if id != "" {
				g.externalID = id
			}
			member := r.text("member")
			if member == "" {
				continue
			}
			id, known := people[provision.Fold(member)]
			if !known {
				found, err := find(ctx, sys, conn, member)
				if err != nil {
					return err
				}
				if found != nil {
					id = provision.MemberID(found.ID)
				}
				people[provision.Fold(member)] = id
			}
			if id == "" {
				r.wrong(m, "member", "connection %s has nobody with this userName", conn.Name)
				continue
			}
			if !g.members[id] {
				g.members[id], g.list = true, append(g.list, id)
			}
		}
		out.Rows = len(order)
		return carryOut(ctx, order, map[string]string{"displayName": "group", "members": "member"}, dry, out, m, step, func(ctx context.Context, g *wantedGroup) (what, error) {
			return g.set(ctx, sys, conn)
		})
	})
}

// wantedGroup is a group as the file has it.
type wantedGroup struct {
	row        row // the first that names it
	name       string
	externalID string // "": the file says none, and what the group has stays
	members    map[provision.MemberID]bool
	list       []provision.MemberID
}

func (w *wantedGroup) at() row { return w.row }

// describe gives g what the file says of it.
func (w *wantedGroup) describe(g *provision.Group) error {
	doc, err := resource.GroupDocument(*g)
	if err != nil {
		return err
	}
	if g.ID == "" {
		doc = resource.Object{"displayName": w.name}
	}
	if w.externalID != "" {
		doc["externalId"] = w.externalID
	}
	read, err := resource.Group.Read(doc)
	if err != nil {
		return err
	}
	return resource.DescribeGroup(g, read)
}

// set gives the group its members; one that is not there is made.
func (w *wantedGroup) set(ctx context.Context, sys *server.System, conn provision.Connection) (what, error) {
	called := provision.Compare{Path: provision.Path{"displayName"}, Op: provision.OpEqual, Type: provision.TypeString, Value: w.name}
	page, err := sys.Core.Directory.Groups(ctx, conn.ID, provision.Query{Where: called, Limit: 1})
	if err != nil {
		return unchanged, err
	}
	if len(page.Items) == 0 {
		var g provision.Group
		if err := w.describe(&g); err != nil {
			return added, err
		}
		_, err = sys.Core.Directory.CreateGroup(ctx, conn.ID, sys.Cause, g, w.list)
		return added, err
	}
	before := page.Items[0]
	after, err := sys.Core.Directory.UpdateGroup(ctx, conn.ID, before.ID, sys.Cause, func(g *directory.GroupChange) error {
		if err := w.describe(&g.Group); err != nil {
			return err
		}
		have, err := g.Members()
		if err != nil {
			return err
		}
		var add, remove []provision.MemberID
		there := make(map[provision.MemberID]bool, len(have))
		for _, one := range have {
			if there[one.ID] = true; !w.members[one.ID] {
				remove = append(remove, one.ID)
			}
		}
		for _, id := range w.list {
			if !there[id] {
				add = append(add, id)
			}
		}
		g.Remove(remove...)
		g.Add(add...)
		return nil
	})
	if err != nil || after.Version != before.Version {
		return changed, err
	}
	return unchanged, nil
}
