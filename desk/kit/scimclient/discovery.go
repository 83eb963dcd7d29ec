package scimclient

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

// UserSchema and GroupSchema are the URNs of the core schemas (RFC 7643 §8.7).
const (
	UserSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

const discoveryAge = 10 * time.Minute

// Discovery is what a service provider says of itself (RFC 7644 §4).
type Discovery struct {
	Patch, Filter, ETag bool
	Groups              bool            // it has groups
	Attributes          map[string]bool // of users, as in paths, in lower case; nil: it does not say
}

// Discover returns what the service provider can do, at most ten minutes old. One that does
// not say is taken to do what most can.
func (c *Client) Discover(ctx context.Context) (Discovery, error) {
	return c.found.Get(ctx, discoveryAge, c.readDiscovery)
}

func (c *Client) readDiscovery(ctx context.Context) (d Discovery, _ error) {
	d = Discovery{Patch: true, Filter: true, Groups: true}
	config, err := c.optional(ctx, "/ServiceProviderConfig")
	if err != nil {
		return d, err
	}
	if config != nil {
		said := func(name string) bool { is, _ := config.Sub(name).Flag("supported"); return is }
		d.Patch, d.Filter, d.ETag = said("patch"), said("filter"), said("etag")
	}
	types, err := c.optional(ctx, "/ResourceTypes")
	if err != nil {
		return d, err
	}
	if types != nil {
		d.Groups = slices.ContainsFunc(resources(types), func(t Object) bool { return strings.EqualFold(strings.Trim(t.Text("endpoint"), "/"), "Groups") })
	}
	schemas, err := c.optional(ctx, "/Schemas")
	for _, s := range resources(schemas) {
		prefix := strings.ToLower(s.Text("id")) + ":"
		if strings.EqualFold(s.Text("id"), UserSchema) {
			prefix = ""
		} else if strings.EqualFold(s.Text("id"), GroupSchema) {
			continue
		}
		for _, a := range s.Objects("attributes") {
			if d.Attributes == nil {
				d.Attributes = map[string]bool{}
			}
			d.Attributes[prefix+strings.ToLower(a.Text("name"))] = true
		}
	}
	return d, err
}

// optional reads what many service providers leave out; nil where this one does.
func (c *Client) optional(ctx context.Context, path string) (Object, error) {
	o, _, err := c.Get(ctx, path, nil)
	if err != nil && (desk.KindOf(err) == desk.NotFound || desk.KindOf(err) == desk.Permanent) {
		return nil, nil
	}
	return o, err
}

// resources returns what a list holds, and of what is no list, itself.
func resources(o Object) []Object {
	if list, _ := o.At("Resources"); list != nil || o == nil {
		return o.Objects("Resources")
	}
	return []Object{o}
}
