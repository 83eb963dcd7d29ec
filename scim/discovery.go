package scim

import (
	"net/http"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// The discovery documents (RFC 7644 §4) say what this server does, not what
// the library would: its own ServiceProviderConfig has sort and etag fixed to
// unsupported.

func (h *handler) serviceProviderConfig(r *request) (answer, error) {
	if err := noFilter(r); err != nil {
		return answer{}, err
	}
	supported := func(yes bool) resource.Object { return resource.Object{"supported": yes} }
	r.line.Did(requestlog.Discover, "")
	return answer{status: http.StatusOK, body: resource.Object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   supported(true),
		// authentik takes maxOperations as the number of operations in one
		// PATCH too.
		"bulk":   resource.Object{"supported": true, "maxOperations": h.limits.MaxOperations, "maxPayloadSize": h.limits.MaxBulkBody},
		"filter": resource.Object{"supported": true, "maxResults": h.limits.MaxResults},
		"pagination": resource.Object{
			"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": min(defaultCount, h.limits.MaxResults), "maxPageSize": h.limits.MaxResults,
			"cursorTimeout": int64(h.limits.CursorTimeout.Seconds()),
		},
		"changePassword":        supported(false),
		"sort":                  supported(true),
		"etag":                  supported(true),
		"authenticationSchemes": authenticationSchemes,
		"meta":                  resource.Object{"resourceType": "ServiceProviderConfig", "location": r.as.Base + "/ServiceProviderConfig"},
	}}, nil
}

// authenticationSchemes say how to get in (RFC 7643 §5). One that a connection
// may have beside them, tokens that the identity provider signs, is a bearer
// token to whoever sends it.
var authenticationSchemes = []resource.Object{
	{
		"type":        "oauthbearertoken",
		"name":        "OAuth Bearer Token",
		"description": "A token of the connection, made by an admin of Deskbridge",
		"specUri":     "https://www.rfc-editor.org/info/rfc6750",
		"primary":     true,
	},
	{
		"type":        "oauth2",
		"name":        "OAuth 2.0 client credentials",
		"description": "Access tokens from /oauth/token, for a client made by an admin of Deskbridge",
		"specUri":     "https://www.rfc-editor.org/info/rfc6749",
		"primary":     false,
	},
}

func (h *handler) listResourceTypes(r *request) (answer, error) {
	if err := noFilter(r); err != nil {
		return answer{}, err
	}
	return listResponse(2, 1, []any{r.resourceTypeDocument(resource.User), r.resourceTypeDocument(resource.Group)}), nil
}

func (h *handler) getResourceType(r *request) (answer, error) {
	for _, t := range []*resource.Type{resource.User, resource.Group} {
		if r.PathValue("id") == t.Name {
			return answer{status: http.StatusOK, body: r.resourceTypeDocument(t)}, nil
		}
	}
	return answer{}, scimerr.New(http.StatusNotFound, "There is no such resource type.")
}

func (r *request) resourceTypeDocument(t *resource.Type) resource.Object {
	extensions := make([]resource.Object, len(t.Extensions))
	for i, ext := range t.Extensions {
		extensions[i] = resource.Object{"schema": ext.ID, "required": false}
	}
	return resource.Object{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":               t.Name,
		"name":             t.Name,
		"description":      t.Description,
		"endpoint":         t.Endpoint,
		"schema":           t.Core.ID,
		"schemaExtensions": extensions,
		"meta":             resource.Object{"resourceType": "ResourceType", "location": r.as.Base + "/ResourceTypes/" + t.Name},
	}
}

func (h *handler) listSchemas(r *request) (answer, error) {
	if err := noFilter(r); err != nil {
		return answer{}, err
	}
	var out []any
	for _, s := range resource.Schemas() {
		out = append(out, r.schemaDocument(s))
	}
	return listResponse(len(out), 1, out), nil
}

func (h *handler) getSchema(r *request) (answer, error) {
	for _, s := range resource.Schemas() {
		if strings.EqualFold(r.PathValue("id"), s.ID) {
			return answer{status: http.StatusOK, body: r.schemaDocument(s)}, nil
		}
	}
	return answer{}, scimerr.New(http.StatusNotFound, "There is no such schema.")
}

func (r *request) schemaDocument(s schema.Schema) resource.Object {
	out := s.ToMap()
	out["meta"] = resource.Object{"resourceType": "Schema", "location": r.as.Base + "/Schemas/" + s.ID}
	return out
}

// noFilter refuses filters on discovery documents (RFC 7644 §4).
func noFilter(r *request) error {
	if r.query.Has("filter") {
		return scimerr.New(http.StatusForbidden, "Discovery documents cannot be filtered (RFC 7644 section 4).")
	}
	return nil
}
