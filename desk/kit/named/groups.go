package named

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Age is how long what is on a desk is taken for true: a run asks several times.
const Age = 10 * time.Second

// Catalogue is what a desk has of one kind, such as roles, as read reads it.
func Catalogue[E any](name func(E) string, read func(context.Context) ([]E, error)) *kit.Catalogue[E] {
	return &kit.Catalogue[E]{Age: Age, Read: read, Name: name, Fold: provision.Fold}
}

// Groups are the teams of a desk on which each ticket is in a group, as read reads them. what is
// its word for one that can be used, such as "active group", and at is where an administrator
// makes one.
func Groups(v kit.Vendor, what, at string, read func(context.Context) ([]kit.Entry, error)) *kit.Groups {
	all := Catalogue(func(e kit.Entry) string { return e.Name }, read)
	return &kit.Groups{Catalogue: all, None: Finder[kit.Entry]{Vendor: v, What: what, At: at, Among: all}.None}
}
