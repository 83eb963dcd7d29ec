package reference

import (
	"crypto/subtle"
	"net/http"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
)

// newServer puts the library around two resource handlers. token is the one
// bearer token that it takes, base the URL that locations start with.
func newServer(base, token string, users, groups scim.ResourceHandler) (http.Handler, error) {
	server, err := scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true, MaxResults: 1000},
		ResourceTypes: []scim.ResourceType{
			{
				ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: clipped(schema.CoreUserSchema()), Handler: users,
				SchemaExtensions: []scim.SchemaExtension{{Schema: clipped(schema.ExtensionEnterpriseUser())}},
			},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: clipped(schema.CoreGroupSchema()), Handler: groups},
		},
	}, scim.WithBaseURL(base))
	if err != nil {
		return nil, err
	}
	want := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		server.ServeHTTP(w, r)
	}), nil
}

// clipped takes the spare capacity from a schema's attributes. The library
// appends to them in every request, which would be a data race.
func clipped(s schema.Schema) schema.Schema {
	s.Attributes = s.Attributes[:len(s.Attributes):len(s.Attributes)]
	return s
}
