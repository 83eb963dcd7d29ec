package scim

import (
	"maps"
	"net/http"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/etag"
	"github.com/deskbridge/deskbridge/scim/meaning"
	"github.com/deskbridge/deskbridge/scim/patch"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// users represents people, with their groups read in one go when they are
// asked for.
func (h *handler) users(r *request, people []provision.Identity, s resource.Selection) ([]any, error) {
	var groups map[provision.IdentityID][]provision.Membership
	if s.Has("groups") && len(people) > 0 {
		ids := make([]provision.IdentityID, len(people))
		for i, id := range people {
			ids[i] = id.ID
		}
		var err error
		if groups, err = h.core.Directory.MembershipsOf(r.Context(), r.conn.ID, ids); err != nil {
			return nil, err
		}
	}
	out := make([]any, len(people))
	for i, id := range people {
		var err error
		if out[i], err = r.as.User(id, groups[id.ID], s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// user answers with one person.
func (h *handler) user(r *request, code int, p provision.Person, s resource.Selection) (answer, error) {
	r.line.Set("identity", string(p.ID))
	body, err := r.as.User(p.Identity, p.Groups, s)
	if err != nil {
		return answer{}, err
	}
	out := answer{status: code, body: body, etag: resource.ETag(p.Version)}
	if code == http.StatusCreated {
		out.location = r.as.Location(resource.User, string(p.ID))
	}
	return out, nil
}

func (h *handler) getUser(r *request) (answer, error) {
	s, err := resource.User.ParseSelection(r.query)
	if err != nil {
		return answer{}, err
	}
	r.line.Did(requestlog.Read, "")
	id, err := r.userID()
	if err != nil {
		return answer{}, err
	}
	got, err := h.core.Directory.Person(r.Context(), r.conn.ID, id)
	if err != nil {
		return answer{}, err
	}
	if err := etag.Check(r.Request, got.Version); err != nil {
		return answer{}, err
	}
	if etag.Unchanged(r.Request, got.Version) {
		return answer{status: http.StatusNotModified, etag: resource.ETag(got.Version)}, nil
	}
	return h.user(r, http.StatusOK, got, s)
}

// createUser adds a person. Without active they are active.
func (h *handler) createUser(r *request) (answer, error) {
	r.line.Did(requestlog.Create, "")
	s, doc, err := r.document(resource.User)
	if err != nil {
		return answer{}, err
	}
	if _, ok := doc["active"]; !ok {
		doc["active"] = true
	}
	var id provision.Identity
	if err := resource.Describe(&id, doc); err != nil {
		return answer{}, err
	}
	r.conn.Describe(&id)
	got, restored, err := h.core.Directory.CreateIdentity(r.Context(), r.conn.ID, r.cause("/Users"), id)
	if err != nil {
		h.core.noteHolder(r, id, err)
		return answer{}, err
	}
	if restored {
		r.line.Did(requestlog.Create, "somebody from before")
	}
	person := provision.Person{Identity: got}
	if restored && s.Has("groups") { // whoever is new is in none
		groups, err := h.core.Directory.MembershipsOf(r.Context(), r.conn.ID, []provision.IdentityID{got.ID})
		if err != nil {
			return answer{}, err
		}
		person.Groups = groups[got.ID]
	}
	return h.user(r, http.StatusCreated, person, s)
}

// noteHolder notes for the log who has the userName of somebody new.
func (c Core) noteHolder(r *request, id provision.Identity, err error) {
	if !provision.IsConflict(err) {
		return
	}
	called := provision.Compare{Path: provision.Path{"userName"}, Op: provision.OpEqual, Type: provision.TypeString, Value: id.UserName}
	page, _ := c.Directory.Identities(r.Context(), r.conn.ID, provision.Query{Where: called, Limit: 2, Bare: true}) // a page that is not full needs no count; nobody: the log has less
	for _, p := range page.Items {
		r.line.Set("held_by", string(p.ID))
	}
}

// replaceUser gives a person a new description: what it leaves out is cleared
// (RFC 7644 §3.5.1), except active, without which they stay what they are.
func (h *handler) replaceUser(r *request) (answer, error) {
	r.line.Did(requestlog.Change, "")
	s, doc, err := r.document(resource.User)
	if err != nil {
		return answer{}, err
	}
	return h.changeUser(r, http.StatusOK, s, func(id *provision.Identity) error {
		fresh := doc
		if _, ok := doc["active"]; !ok {
			fresh = maps.Clone(doc)
			fresh["active"] = id.Active()
		}
		return resource.Describe(id, fresh)
	})
}

// patchUser applies the operations of a PATCH: all of them or none.
func (h *handler) patchUser(r *request) (answer, error) {
	r.line.Did(requestlog.Change, "")
	s, operations, err := r.patch(resource.User)
	if err != nil {
		return answer{}, err
	}
	return h.changeUser(r, http.StatusOK, s, func(id *provision.Identity) error {
		return patch.User(id, operations, h.limits.patch())
	})
}

func (h *handler) changeUser(r *request, code int, s resource.Selection, change func(*provision.Identity) error) (answer, error) {
	id, err := r.userID()
	if err != nil {
		return answer{}, err
	}
	got, err := h.core.Directory.UpdatePerson(r.Context(), r.conn.ID, id, r.cause("/Users"), func(id *provision.Identity) error {
		if err := etag.Check(r.Request, id.Version); err != nil {
			return err
		}
		was := *id
		err := change(id)
		if err == nil {
			r.conn.Describe(id)
			r.line.Did(requestlog.Change, meaning.OfPerson(&was, id))
		}
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return h.user(r, code, got, s)
}

func (h *handler) deleteUser(r *request) (answer, error) {
	r.line.Did(requestlog.Remove, "")
	id, err := r.userID()
	if err != nil {
		return answer{}, err
	}
	err = h.core.Directory.RemoveIdentity(r.Context(), r.conn.ID, id, r.cause("/Users"), func(id provision.Identity) error {
		return etag.Check(r.Request, id.Version)
	})
	return answer{status: http.StatusNoContent}, err
}

// userID returns the id in the path.
func (r *request) userID() (provision.IdentityID, error) {
	id, err := r.resourceID()
	r.line.SetID("identity", id)
	return provision.IdentityID(id), err
}

func (r *request) resourceID() (string, error) {
	id := r.PathValue("id")
	if !storable(id) {
		return "", scimerr.New(http.StatusNotFound, "There is no such resource.")
	}
	return id, nil
}

// document reads the body of a POST or PUT.
func (r *request) document(t *resource.Type) (resource.Selection, resource.Object, error) {
	s, err := t.ParseSelection(r.query)
	if err != nil {
		return s, nil, err
	}
	body, err := r.body()
	if err != nil {
		return s, nil, err
	}
	doc, err := t.Read(body)
	return s, doc, err
}

// patch reads the body of a PATCH.
func (r *request) patch(t *resource.Type) (resource.Selection, []patch.Operation, error) {
	s, err := t.ParseSelection(r.query)
	if err != nil {
		return s, nil, err
	}
	body, err := r.body()
	if err != nil {
		return s, nil, err
	}
	operations, err := patch.Read(body, r.limit.patch())
	return s, operations, err
}
