package roster

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Kind is one of the two kinds of places that a user can be in.
type Kind int

// The kinds.
const (
	Teams Kind = iota
	Mailboxes
)

// kinds are both, in the order in which they are read.
var kinds = [...]Kind{Teams, Mailboxes}

// Source is where the places of one kind are; the zero Source is that of a kind that the desk
// does not have.
type Source struct {
	Word string // the desk's for several of them, such as "inboxes"
	List func(context.Context) ([]kit.Entry, error)
	// Members returns who is in a place; NotFound is one that was removed a moment ago.
	Members func(ctx context.Context, place int64) ([]int64, error)
}

// Config is what tells one desk from another.
type Config struct {
	Vendor    kit.Vendor
	Fold      func(name string) string // what counts of a name when two are compared; space around it never does
	Age       time.Duration            // how long names are taken for true; one that is not known is looked for at once
	Parallel  int                      // places that are read at once
	Longest   time.Duration            // that a caller waits while another reads: whoever would wait longer comes again
	Teams     Source
	Mailboxes Source
}

// Directory knows the teams and mailboxes of a desk, and who is in them. It is safe for
// concurrent use.
type Directory struct {
	config     Config
	catalogues [len(kinds)]*kit.Catalogue[kit.Entry]
	rosters    rosters

	turn kit.Turn // whoever has it may look at last
	last *Membership
}

// New returns a Directory. It does no I/O.
func New(c Config) *Directory {
	d := &Directory{config: c, rosters: newRosters(c.Parallel)}
	for _, k := range kinds {
		source := d.source(k)
		d.catalogues[k] = &kit.Catalogue[kit.Entry]{
			Age: c.Age, Name: func(e kit.Entry) string { return e.Name },
			Fold: func(name string) string { return c.Fold(strings.TrimSpace(name)) },
			Read: func(ctx context.Context) ([]kit.Entry, error) { return read(ctx, source) },
			Several: func(n int, name string) error {
				return desk.Errorf(desk.Permanent, "%s has %d %s named %q; rename all but one", c.Vendor.Name, n, source.Word, name)
			},
		}
	}
	return d
}

func (d *Directory) source(k Kind) Source {
	if k == Teams {
		return d.config.Teams
	}
	return d.config.Mailboxes
}

// read asks for the places of a source, in order of number.
func read(ctx context.Context, s Source) ([]kit.Entry, error) {
	if s.List == nil {
		return nil, nil
	}
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e kit.Entry) bool { return e.ID <= 0 || strings.TrimSpace(e.Name) == "" })
	slices.SortFunc(all, func(a, b kit.Entry) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b kit.Entry) bool { return a.ID == b.ID }), nil
}

// List returns all places of a kind, as they were a while ago at most. They must not be changed.
func (d *Directory) List(ctx context.Context, k Kind) ([]kit.Entry, error) {
	return d.catalogues[k].List(ctx)
}

// Catalogue returns what the desk has of a kind.
func (d *Directory) Catalogue(k Kind) *kit.Catalogue[kit.Entry] { return d.catalogues[k] }

// Find returns the place of a kind with a name, in any letter case; nil when there is none. Two of
// one name are one too many to choose from.
func (d *Directory) Find(ctx context.Context, k Kind, name string) (*kit.Entry, error) {
	return d.catalogues[k].Find(ctx, name)
}

// Name returns the name of a place if it is known without asking; "" else.
func (d *Directory) Name(k Kind, id int64) string {
	for _, name := range kit.NamesOf(d.catalogues[k].Peek(), id) {
		return name
	}
	return ""
}

// Check asks for the names of all places, and puts them into what [desk.Desk] finds by Check.
func (d *Directory) Check(ctx context.Context, p *desk.Profile) error {
	for k, names := range map[Kind]*[]string{Teams: &p.Teams, Mailboxes: &p.Mailboxes} {
		all, err := d.catalogues[k].Reread(ctx)
		if err != nil {
			return err
		}
		for _, e := range all {
			*names = append(*names, e.Name)
		}
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	return nil
}

// Units implements [desk.Numbered].
func (d *Directory) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	for k, into := range map[Kind]*[]desk.Unit{Teams: &teams, Mailboxes: &mailboxes} {
		all, err := d.catalogues[k].List(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range all {
			*into = append(*into, desk.Unit{ID: strconv.FormatInt(e.ID, 10), Name: e.Name})
		}
	}
	return teams, mailboxes, nil
}
