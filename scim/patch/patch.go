package patch

import (
	"bytes"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// Limits bounds a PATCH. All fields must be set.
type Limits struct {
	Filter        filter.Limits // of paths and the filters in them
	MaxOperations int           // in one request
	MaxMembers    int           // named in one request
}

// User applies operations to a person. When they change nothing it leaves
// id as it is, so that lastModified does not move (RFC 7644 §3.5.2.1).
func User(id *provision.Identity, operations []Operation, limits Limits) error {
	doc, err := resource.UserDocument(*id)
	if err != nil {
		return err
	}
	before, err := resource.EncodeDocument(resource.User, doc)
	if err != nil {
		return err
	}
	p := patcher{t: resource.User, doc: doc, limits: limits}
	if err := p.applyAll(operations); err != nil {
		return err
	}
	after, err := resource.EncodeDocument(resource.User, p.doc)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return resource.Describe(id, p.doc)
}

// Group applies operations to a group and its members. When they change no
// attribute it leaves g as it is.
func Group(g *provision.Group, members Members, operations []Operation, limits Limits) error {
	return changeGroup(g, members, operations, limits, budget{})
}

// changeGroup is [Group] with what was spent before.
func changeGroup(g *provision.Group, members Members, operations []Operation, limits Limits, spent budget) error {
	doc, err := resource.GroupDocument(*g)
	if err != nil {
		return err
	}
	before, err := resource.EncodeDocument(resource.Group, doc)
	if err != nil {
		return err
	}
	p := patcher{t: resource.Group, doc: doc, limits: limits, budget: spent}
	change := memberChange{group: members, limits: limits, budget: &p.budget}
	p.members = change.apply
	if err := p.applyAll(operations); err != nil {
		return err
	}
	after, err := resource.EncodeDocument(resource.Group, p.doc)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return resource.DescribeGroup(g, p.doc)
}
