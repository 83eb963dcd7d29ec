package scim

import (
	"net/http"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/scim/etag"
	"github.com/deskbridge/deskbridge/scim/meaning"
	"github.com/deskbridge/deskbridge/scim/patch"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// groups represents groups, with their members read in one go when they are
// asked for.
func (h *handler) groups(r *request, list []provision.Group, s resource.Selection) ([]any, error) {
	var members map[provision.GroupID][]provision.Member
	if s.Has("members") && len(list) > 0 {
		ids := make([]provision.GroupID, len(list))
		for i, g := range list {
			ids[i] = g.ID
		}
		var err error
		if members, err = h.core.Directory.MembersOf(r.Context(), r.conn.ID, ids); err != nil {
			return nil, err
		}
	}
	out := make([]any, len(list))
	for i, g := range list {
		var err error
		if out[i], err = r.as.Group(g, members[g.ID], s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// group answers with one group.
func (h *handler) group(r *request, code int, g provision.Group, s resource.Selection) (answer, error) {
	r.line.Set("group", string(g.ID))
	resources, err := h.groups(r, []provision.Group{g}, s)
	if err != nil {
		return answer{}, err
	}
	out := answer{status: code, body: resources[0], etag: resource.ETag(g.Version)}
	if code == http.StatusCreated {
		out.location = r.as.Location(resource.Group, string(g.ID))
	}
	return out, nil
}

func (h *handler) getGroup(r *request) (answer, error) {
	r.line.Did(requestlog.Read, "")
	s, err := resource.Group.ParseSelection(r.query)
	if err != nil {
		return answer{}, err
	}
	id, err := r.groupID()
	if err != nil {
		return answer{}, err
	}
	got, err := h.core.Directory.Group(r.Context(), r.conn.ID, id)
	if err != nil {
		return answer{}, err
	}
	if err := etag.Check(r.Request, got.Version); err != nil {
		return answer{}, err
	}
	if etag.Unchanged(r.Request, got.Version) {
		return answer{status: http.StatusNotModified, etag: resource.ETag(got.Version)}, nil
	}
	return h.group(r, http.StatusOK, got, s)
}

func (h *handler) createGroup(r *request) (answer, error) {
	r.line.Did(requestlog.Create, "")
	s, doc, err := r.document(resource.Group)
	if err != nil {
		return answer{}, err
	}
	members, err := resource.ReadMembers(doc["members"], h.limits.MaxMembersPerRequest)
	if err != nil {
		return answer{}, err
	}
	r.line.Did(requestlog.Create, meaning.Members(len(members), 0))
	var g provision.Group
	if err := resource.DescribeGroup(&g, doc); err != nil {
		return answer{}, err
	}
	got, err := h.core.Directory.CreateGroup(r.Context(), r.conn.ID, r.cause("/Groups"), g, members)
	if err != nil {
		return answer{}, err
	}
	return h.group(r, http.StatusCreated, got, s)
}

// replaceGroup gives a group a new description and new members; without
// members it is empty afterwards (pocket-id relies on it).
func (h *handler) replaceGroup(r *request) (answer, error) {
	r.line.Did(requestlog.Change, "")
	s, doc, err := r.document(resource.Group)
	if err != nil {
		return answer{}, err
	}
	members, err := resource.ReadMembers(doc["members"], h.limits.MaxMembersPerRequest)
	if err != nil {
		return answer{}, err
	}
	got, err := h.changeGroup(r, func(g *directory.GroupChange) error {
		g.RemoveAll()
		g.Add(members...)
		return resource.DescribeGroup(&g.Group, doc)
	})
	if err != nil {
		return answer{}, err
	}
	return h.group(r, http.StatusOK, got, s)
}

// patchGroup applies the operations of a PATCH: all of them or none. The
// answer has no body unless attributes are asked for, so that its cost follows
// the change and not the group (RFC 7644 §3.5.2).
func (h *handler) patchGroup(r *request) (answer, error) {
	r.line.Did(requestlog.Change, "")
	s, operations, err := r.patch(resource.Group)
	if err != nil {
		return answer{}, err
	}
	got, err := h.changeGroup(r, func(g *directory.GroupChange) error {
		return patch.Group(&g.Group, g, operations, h.limits.patch())
	})
	if err != nil {
		return answer{}, err
	}
	if !r.query.Has("attributes") {
		return answer{status: http.StatusNoContent, etag: resource.ETag(got.Version)}, nil
	}
	return h.group(r, http.StatusOK, got, s)
}

func (h *handler) changeGroup(r *request, change func(*directory.GroupChange) error) (provision.Group, error) {
	id, err := r.groupID()
	if err != nil {
		return provision.Group{}, err
	}
	return h.core.Directory.UpdateGroup(r.Context(), r.conn.ID, id, r.cause("/Groups"), func(g *directory.GroupChange) error {
		if err := etag.Check(r.Request, g.Version); err != nil {
			return err
		}
		was := g.Group
		err := change(g)
		if err == nil {
			r.line.Did(requestlog.Change, meaning.OfGroup(&was, g))
		}
		return err
	})
}

func (h *handler) deleteGroup(r *request) (answer, error) {
	r.line.Did(requestlog.Remove, "")
	id, err := r.groupID()
	if err != nil {
		return answer{}, err
	}
	err = h.core.Directory.RemoveGroup(r.Context(), r.conn.ID, id, r.cause("/Groups"), func(g provision.Group) error {
		return etag.Check(r.Request, g.Version)
	})
	return answer{status: http.StatusNoContent}, err
}

// groupID returns the id in the path.
func (r *request) groupID() (provision.GroupID, error) {
	id, err := r.resourceID()
	r.line.SetID("group", id)
	return provision.GroupID(id), err
}
