package store_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// BenchmarkSearchPages reads pages of 100 at both ends of 100,000 people, by
// position: the last must not cost more than the first.
func BenchmarkSearchPages(b *testing.B) {
	eachB(b, func(b *testing.B, s *store.Store) {
		c, _ := seeded(b, s)
		all := people(b, s, c.ID, numbered("p", 100_000)...)
		must(b, s.Exec(b.Context(), `ANALYZE`))
		last := all[len(all)-150]
		for _, order := range []string{"id", "userName", "meta.created"} {
			q := provision.Search{People: &provision.Selection{SortBy: path(order)}, Sorted: order != "id", Limit: 100}
			end := provision.Position{ID: string(last.ID)}
			switch order {
			case "userName":
				end.Key = provision.Fold(last.UserName)
			case "meta.created":
				end.Key = last.CreatedAt.UnixMicro()
			}
			for name, after := range map[string]*provision.Position{"first": nil, "last": &end} {
				q.After = after
				b.Run(order+"/"+name, func(b *testing.B) {
					for b.Loop() {
						if page := got(s.Search(b.Context(), c.ID, q))(b); len(page.Items) != 100 {
							b.Fatalf("%d people", len(page.Items))
						}
					}
				})
			}
		}
		b.Run("byindex/last", func(b *testing.B) {
			for b.Loop() {
				got(s.Identities(b.Context(), c.ID, provision.Query{Offset: len(all) - 150, Limit: 100}))(b)
			}
		})
	})
}
