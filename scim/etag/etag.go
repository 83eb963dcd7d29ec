// Package etag decides whether the conditions hold under which a request is to be
// answered: which versions of the resource it asks for, and which the client
// already has.
package etag

import (
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// Check returns Stale when the request asks for another version than the
// resource has, or for any but the one it has (RFC 7644 §3.14, RFC 9110 §13.1).
// For a change it runs inside the transaction that makes it.
func Check(r *http.Request, version int64) error {
	if wanted := r.Header.Values("If-Match"); len(wanted) > 0 && !listsTag(wanted, version) {
		return provision.Errorf(provision.Stale, "", "The resource has changed since it was read: If-Match names another version.")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && Unchanged(r, version) {
		return provision.Errorf(provision.Stale, "", "The resource exists in a version that If-None-Match rules out.")
	}
	return nil
}

// Unchanged reports whether the client already has this version. The version
// covers what clients write; groups of a user, which change through the group,
// do not count.
func Unchanged(r *http.Request, version int64) bool {
	return listsTag(r.Header.Values("If-None-Match"), version)
}

// listsTag reports whether one of the entity tags in values is that of
// version, strong or weak.
func listsTag(values []string, version int64) bool {
	want := strings.TrimPrefix(resource.ETag(version), "W/")
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == want {
				return true
			}
		}
	}
	return false
}
