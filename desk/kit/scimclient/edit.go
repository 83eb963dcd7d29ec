package scimclient

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// rewrites is how often a change is begun anew that met another one.
const rewrites = 3

// Attribute is an attribute of a resource.
type Attribute struct {
	Schema string // URN of an extension; "": the core schema
	Name   string // "": none
}

// Path returns the attribute in the notation of PATCH (RFC 7644 §3.10).
func (a Attribute) Path() string {
	if a.Schema == "" {
		return a.Name
	}
	return a.Schema + ":" + a.Name
}

// attributeName is the form of a name (RFC 7643 §2.1).
var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_$-]*$`)

// ParseAttribute reads a path: a name such as userType, or an extension's URN and a name with
// a colon between. ok is false where it is none.
func ParseAttribute(text string) (a Attribute, ok bool) {
	a.Name = text
	if strings.HasPrefix(strings.ToLower(text), "urn:") {
		i := strings.LastIndexByte(text, ':')
		a.Schema, a.Name = text[:i], text[i+1:]
	}
	return a, len(a.Name) <= 128 && attributeName.MatchString(a.Name)
}

// Edit is what an attribute is to be; nil takes it away.
type Edit struct {
	Of    Attribute
	Value any
}

// Edits are written together.
type Edits []Edit

// Simple is an edit of an attribute of the core schema.
func Simple(name string, value any) Edit { return Edit{Attribute{Name: name}, value} }

// patch returns the operations of a PATCH (RFC 7644 §3.5.2). To activate and to
// deactivate has the form in which Okta sends it, with the attribute in the value, as
// every service provider is tested with. All else has a path: without one, scimmy
// 1.3.5 adds to a list that is to be replaced (tried 2026-11-30).
func (all Edits) patch() any {
	var operations []any
	for _, e := range all {
		switch {
		case e.Value == nil:
			operations = append(operations, Object{"op": "remove", "path": e.Of.Path()})
		case e.Of.Path() == "active":
			operations = append(operations, Object{"op": "replace", "value": Object{"active": e.Value}})
		default:
			operations = append(operations, Object{"op": "replace", "path": e.Of.Path(), "value": e.Value})
		}
	}
	return patchOf(operations...)
}

func patchOf(operations ...any) Object {
	return Object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

// Apply makes a whole resource of one that was read: what is not changed is sent
// back as it came, but for what only the desk writes.
func (all Edits) Apply(to Object) Object {
	out := maps.Clone(to)
	out.Set("meta", nil)
	out.Set("groups", nil)
	for _, e := range all {
		if e.Of.Schema == "" {
			out.Set(e.Of.Name, e.Value)
			continue
		}
		extension := Object{}
		maps.Copy(extension, out.Sub(e.Of.Schema))
		extension.Set(e.Of.Name, e.Value)
		out.Set(e.Of.Schema, map[string]any(extension))
		schemas, _ := out["schemas"].([]any)
		if !slices.Contains(schemas, any(e.Of.Schema)) {
			out.Set("schemas", append(slices.Clone(schemas), e.Of.Schema))
		}
	}
	return out
}

// Resource is a resource that was read.
type Resource struct {
	Object
	ETag string // "": none was given
}

// Read reads the resource at path, with its ETag: from the header, or else from its meta.
func (c *Client) Read(ctx context.Context, path string) (Resource, error) {
	o, header, err := c.Get(ctx, path, nil)
	if err != nil {
		return Resource{}, err
	}
	r := Resource{Object: o, ETag: header.Get("ETag")}
	if r.ETag == "" {
		r.ETag = o.Sub("meta").Text("version")
	}
	return r, nil
}

// Change writes what plan says of the resource at path, which read reads, and returns it as it
// is read afterwards. Who has changed meanwhile is planned for anew, where the service provider
// tells that by ETags. wrote is called after each write, whatever came of it. A resource that
// is not there any more is NotFound, by the cause ErrGone.
func (c *Client) Change(ctx context.Context, path string, read func(context.Context) (Resource, error), plan func(Object) (Edits, error), wrote func()) (Object, error) {
	for n := 1; ; n++ {
		r, err := read(ctx)
		if err != nil {
			return nil, err
		}
		todo, err := plan(r.Object)
		if err != nil || len(todo) == 0 {
			return r.Object, err
		}
		err = c.write(ctx, path, r, todo)
		wrote()
		if errors.Is(err, errChanged) && n < rewrites {
			continue
		}
		if err != nil {
			return nil, err
		}
		after, err := read(ctx)
		if desk.KindOf(err) == desk.NotFound {
			err = &desk.Error{Kind: desk.NotFound, Detail: c.vendor.Name + " does not show any more what was changed", Err: ErrGone}
		}
		return after.Object, err
	}
}

// write changes a resource: by PATCH, or by PUT of the whole where the desk has no
// PATCH, by its own word or as it turns out.
func (c *Client) write(ctx context.Context, path string, was Resource, todo Edits) error {
	found, err := c.Discover(ctx)
	if err != nil {
		return err
	}
	etag := was.ETag
	if !found.ETag {
		etag = ""
	}
	if refused, err := c.patch(ctx, found, path, etag, todo.patch()); !refused {
		return err
	}
	_, _, err = c.Call(ctx, http.MethodPut, path, nil, etag, todo.Apply(was.Object))
	return err
}

// patch sends a PATCH. none reports that the service provider has none, by its own word or as
// it has turned out.
func (c *Client) patch(ctx context.Context, found Discovery, path, etag string, body any) (none bool, _ error) {
	if !found.Patch || c.noPatch.Load() {
		return true, nil
	}
	_, _, err := c.Call(ctx, http.MethodPatch, path, nil, etag, body)
	if errors.Is(err, ErrCannot) {
		c.noPatch.Store(true)
		return true, nil
	}
	return false, err
}
