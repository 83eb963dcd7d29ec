package scim

import (
	"net/http"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// The discovery documents (RFC 7644 §4) say what this server does, not what
// the library would: its own ServiceProviderConfig has sort and etag fixed to
// unsupported.

func (h *handler) serviceProviderConfig(r *request) (answer, error) {
	if err := noFilter(r); err != nil {
		return answer{}, err
	}
	supported := func(yes bool) object { return object{"supported": yes} }
	return answer{status: http.StatusOK, body: object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   supported(true),
		// authentik takes maxOperations as the number of operations in one
		// PATCH too.
		"bulk":   object{"supported": true, "maxOperations": h.limits.MaxOperations, "maxPayloadSize": h.limits.MaxBulkBody},
		"filter": object{"supported": true, "maxResults": h.limits.MaxResults},
		"pagination": object{
			"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": min(defaultCount, h.limits.MaxResults), "maxPageSize": h.limits.MaxResults,
			"cursorTimeout": int64(h.limits.CursorTimeout.Seconds()),
		},
		"changePassword":        supported(false),
		"sort":                  supported(true),
		"etag":                  supported(true),
		"authenticationSchemes": authenticationSchemes,
		"meta":                  object{"resourceType": "ServiceProviderConfig", "location": r.as.base + "/ServiceProviderConfig"},
	}}, nil
}

// authenticationSchemes say how to get in (RFC 7643 §5). One that a connection
// may have beside them, tokens that the identity provider signs, is a bearer
// token to whoever sends it.
var authenticationSchemes = []object{
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
	return listResponse(2, 1, []any{r.resourceTypeDocument(userType), r.resourceTypeDocument(groupType)}), nil
}

func (h *handler) getResourceType(r *request) (answer, error) {
	for _, t := range []*resourceType{userType, groupType} {
		if r.PathValue("id") == t.name {
			return answer{status: http.StatusOK, body: r.resourceTypeDocument(t)}, nil
		}
	}
	return answer{}, scimerr.New(http.StatusNotFound, "There is no such resource type.")
}

func (r *request) resourceTypeDocument(t *resourceType) object {
	extensions := make([]object, len(t.extensions))
	for i, ext := range t.extensions {
		extensions[i] = object{"schema": ext.ID, "required": false}
	}
	return object{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":               t.name,
		"name":             t.name,
		"description":      t.description,
		"endpoint":         t.endpoint,
		"schema":           t.core.ID,
		"schemaExtensions": extensions,
		"meta":             object{"resourceType": "ResourceType", "location": r.as.base + "/ResourceTypes/" + t.name},
	}
}

func (h *handler) listSchemas(r *request) (answer, error) {
	if err := noFilter(r); err != nil {
		return answer{}, err
	}
	var out []any
	for _, s := range schemas() {
		out = append(out, r.schemaDocument(s))
	}
	return listResponse(len(out), 1, out), nil
}

func (h *handler) getSchema(r *request) (answer, error) {
	for _, s := range schemas() {
		if strings.EqualFold(r.PathValue("id"), s.ID) {
			return answer{status: http.StatusOK, body: r.schemaDocument(s)}, nil
		}
	}
	return answer{}, scimerr.New(http.StatusNotFound, "There is no such schema.")
}

func (r *request) schemaDocument(s schema.Schema) object {
	out := s.ToMap()
	out["meta"] = object{"resourceType": "Schema", "location": r.as.base + "/Schemas/" + s.ID}
	return out
}

// noFilter refuses filters on discovery documents (RFC 7644 §4).
func noFilter(r *request) error {
	if r.query.Has("filter") {
		return scimerr.New(http.StatusForbidden, "Discovery documents cannot be filtered (RFC 7644 section 4).")
	}
	return nil
}
