// Package resource turns what identity providers send into people and groups,
// and people and groups into what they are sent (RFC 7643).
//
// [Type.Read] reads a resource in every dialect that is known into one canonical
// document; [Describe] and [DescribeGroup] set from it what the core works with;
// a [Representation] makes the answer, of which a [Selection] says how much.
// [Type.ParseFilter] and [Type.ParsePath] know what names in filters and paths
// mean. What only one identity provider needs is in quirks.go.
//
// The package knows neither HTTP nor the store, and decides nothing about access.
package resource
