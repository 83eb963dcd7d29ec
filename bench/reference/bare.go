package reference

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/google/uuid"
)

// Bare returns a server that keeps users in memory. It has no groups.
func Bare(base, token string) (http.Handler, error) {
	return newServer(base, token, newShelf(), newShelf())
}

// shelf is a map of resources with what filters look up.
type shelf struct {
	mu    sync.RWMutex
	byID  map[string]scim.Resource
	found map[comparison]string // id by what a filter may ask for
	order []string
}

func newShelf() *shelf {
	return &shelf{byID: map[string]scim.Resource{}, found: map[comparison]string{}}
}

// keysOf returns the comparisons by which a resource is found.
func keysOf(r scim.Resource) []comparison {
	keys := []comparison{
		{"userName", strings.ToLower(text(r.Attributes, "userName"))},
		{"externalId", r.ExternalID.Value()},
	}
	for _, address := range emailsOf(r.Attributes) {
		keys = append(keys, comparison{"emails.value", address})
	}
	return keys
}

func (s *shelf) put(r scim.Resource) scim.Resource {
	now := time.Now().UTC()
	if r.Meta.Created == nil {
		r.Meta.Created = &now
	}
	r.Meta.LastModified = &now
	s.byID[r.ID] = r
	for _, key := range keysOf(r) {
		s.found[key] = r.ID
	}
	return r
}

func newResource(id string, attributes scim.ResourceAttributes) scim.Resource {
	out := scim.Resource{ID: id, Attributes: attributes}
	if external := text(attributes, "externalId"); external != "" {
		out.ExternalID = optional.NewString(external)
	}
	return out
}

// Create is part of [scim.ResourceHandler].
func (s *shelf) Create(_ *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	r := newResource(uuid.NewString(), attributes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.found[keysOf(r)[0]]; taken {
		return scim.Resource{}, scimerrors.ScimErrorUniqueness
	}
	s.order = append(s.order, r.ID)
	return s.put(r), nil
}

// Get is part of [scim.ResourceHandler].
func (s *shelf) Get(_ *http.Request, id string) (scim.Resource, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.byID[id]
	if !ok {
		return r, scimerrors.ScimErrorResourceNotFound(id)
	}
	return r, nil
}

// GetAll is part of [scim.ResourceHandler].
func (s *shelf) GetAll(_ *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	c, filtered, err := readFilter(params)
	if err != nil {
		return scim.Page{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if filtered {
		if c.attribute != "externalId" {
			c.value = strings.ToLower(c.value)
		}
		id, ok := s.found[c]
		if !ok {
			return scim.Page{Resources: []scim.Resource{}}, nil
		}
		return scim.Page{TotalResults: 1, Resources: []scim.Resource{s.byID[id]}}, nil
	}
	from := min(params.StartIndex-1, len(s.order))
	to := min(from+params.Count, len(s.order))
	page := scim.Page{TotalResults: len(s.order), Resources: make([]scim.Resource, 0, to-from)}
	for _, id := range s.order[from:to] {
		page.Resources = append(page.Resources, s.byID[id])
	}
	return page, nil
}

// change replaces a resource by what edit makes of its attributes.
func (s *shelf) change(id string, edit func(scim.ResourceAttributes) (scim.ResourceAttributes, error)) (scim.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.byID[id]
	if !ok {
		return old, scimerrors.ScimErrorResourceNotFound(id)
	}
	attributes, err := edit(old.Attributes)
	if err != nil {
		return scim.Resource{}, err
	}
	fresh := newResource(id, attributes)
	fresh.Meta.Created = old.Meta.Created
	for _, key := range keysOf(old) {
		delete(s.found, key)
	}
	return s.put(fresh), nil
}

// Replace is part of [scim.ResourceHandler].
func (s *shelf) Replace(_ *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	return s.change(id, func(scim.ResourceAttributes) (scim.ResourceAttributes, error) { return attributes, nil })
}

// Patch is part of [scim.ResourceHandler].
func (s *shelf) Patch(_ *http.Request, id string, operations []scim.PatchOperation) (scim.Resource, error) {
	return s.change(id, func(old scim.ResourceAttributes) (scim.ResourceAttributes, error) {
		fresh := clone(old)
		return fresh, applyAll(fresh, operations)
	})
}

// Delete is part of [scim.ResourceHandler].
func (s *shelf) Delete(_ *http.Request, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keysOf(s.byID[id]) {
		delete(s.found, key)
	}
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	return nil
}

// clone copies attributes and the objects in them: answers of other requests
// may still be reading the old ones.
func clone(attributes map[string]any) map[string]any {
	out := make(map[string]any, len(attributes))
	for name, value := range attributes {
		if o, ok := value.(map[string]any); ok {
			value = clone(o)
		}
		out[name] = value
	}
	return out
}
