package zammad

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/named"
)

// access is which levels of access there are to which group, by number.
type access map[int64][]string

// UnmarshalJSON reads levels as a list or as one word, and an empty list for none.
func (a *access) UnmarshalJSON(data []byte) error {
	*a = access{}
	if string(data) == "[]" {
		return nil
	}
	var shown map[int64]json.RawMessage
	if err := json.Unmarshal(data, &shown); err != nil {
		return err
	}
	for id, raw := range shown {
		var one string
		if json.Unmarshal(raw, &one) == nil {
			(*a)[id] = []string{one}
			continue
		}
		var several []string
		if err := json.Unmarshal(raw, &several); err != nil {
			return err
		}
		if len(several) > 0 {
			(*a)[id] = several
		}
	}
	return nil
}

// covers reports whether levels of access contain others.
func covers(have, want []string) bool {
	return slices.Contains(have, full) || !slices.ContainsFunc(want, func(level string) bool { return !slices.Contains(have, level) })
}

// equal reports whether access is the same, in whatever order.
func (a access) equal(b access) bool {
	return maps.EqualFunc(a, b, func(x, y []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	})
}

// role is a role of Zammad, of which a user has several.
type role struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Active      *bool    `json:"active"`
	Signup      bool     `json:"default_at_signup"`
	Permissions []string `json:"permissions"` // nil: not shown
	Groups      access   `json:"group_ids"`   // that everybody has who has the role
}

func (r *role) off() bool { return r.Active != nil && !*r.Active }

// holds reports whether the role has one of some permissions, or one above it.
func (r *role) holds(permissions ...string) bool {
	return !r.off() && slices.ContainsFunc(r.Permissions, func(has string) bool {
		return slices.ContainsFunc(permissions, func(p string) bool { return has == p || strings.HasPrefix(p, has+".") })
	})
}

// administers reports whether somebody with the role can take any other: by
// changing users, or roles.
func (r *role) administers() bool { return r.holds("admin.user", "admin.role") }

// idle reports whether the role gives nothing that a customer does not have.
func (r *role) idle() bool {
	return r.off() || r.Permissions != nil && !slices.ContainsFunc(r.Permissions, func(p string) bool {
		return p != "ticket.customer" && p != "knowledge_base.reader" && p != "user_preferences" && !strings.HasPrefix(p, "user_preferences.")
	})
}

const agentPermission = "ticket.agent"

// state is one in which a ticket may be. Type is what Zammad goes by.
type state struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"state_type"`
}

// done reports whether nobody has to work on a ticket in the state.
func (s *state) done() bool {
	return slices.Contains([]string{"closed", "merged", "removed"}, cmp.Or(s.Type, s.Name))
}

// all returns how the list at path is read to its end.
func all[E any](c *kit.Client, path string, id func(E) int64) func(context.Context) ([]E, error) {
	return list(c, path, hitPage, maxPages, id).All
}

// groupsOf returns the groups that are not switched off: of the others Zammad shows
// nothing.
func groupsOf(c *kit.Client) *kit.Groups {
	type group struct {
		kit.Entry
		Active *bool `json:"active"`
	}
	return named.Groups(vendor, "active group", "Manage > Groups > New Group", func(ctx context.Context) (there []kit.Entry, _ error) {
		shown, err := all(c, "/groups", func(g group) int64 { return g.ID })(ctx)
		for _, g := range shown {
			if g.Active == nil || *g.Active {
				there = append(there, g.Entry)
			}
		}
		return there, err
	})
}
