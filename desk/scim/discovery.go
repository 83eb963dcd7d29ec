package scim

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// discovery is what a service provider says of itself (RFC 7644 §4).
type discovery struct {
	patch, filter, etag bool
	told                bool            // it says what it can do
	groups              bool            // it has groups
	attributes          map[string]bool // of users, as in paths, in lower case; nil: it does not say
}

// discover returns what the service provider can do. One that does not say is
// taken to do what most can.
func (p *provider) discover(ctx context.Context) (discovery, error) {
	return p.found.Get(ctx, discoveryAge, p.readDiscovery)
}

func (p *provider) readDiscovery(ctx context.Context) (d discovery, _ error) {
	d = discovery{patch: true, filter: true, groups: true}
	config, err := p.optional(ctx, "/ServiceProviderConfig")
	if err != nil {
		return d, err
	}
	if config != nil {
		said := func(name string) bool { is, _ := config.sub(name).flag("supported"); return is }
		d.told, d.patch, d.filter, d.etag = true, said("patch"), said("filter"), said("etag")
	}
	types, err := p.optional(ctx, "/ResourceTypes")
	if err != nil {
		return d, err
	}
	if types != nil {
		d.groups = slices.ContainsFunc(resources(types), func(t object) bool { return strings.EqualFold(strings.Trim(t.text("endpoint"), "/"), "Groups") })
	}
	schemas, err := p.optional(ctx, "/Schemas")
	for _, s := range resources(schemas) {
		prefix := strings.ToLower(s.text("id")) + ":"
		if strings.EqualFold(s.text("id"), userSchema) {
			prefix = ""
		} else if strings.EqualFold(s.text("id"), groupSchema) {
			continue
		}
		for _, a := range s.objects("attributes") {
			if d.attributes == nil {
				d.attributes = map[string]bool{}
			}
			d.attributes[prefix+strings.ToLower(a.text("name"))] = true
		}
	}
	return d, err
}

const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"

// optional reads what many service providers leave out; nil where this one does.
func (p *provider) optional(ctx context.Context, path string) (object, error) {
	o, _, err := p.client.get(ctx, path, nil)
	if err != nil && (desk.KindOf(err) == desk.NotFound || desk.KindOf(err) == desk.Permanent) {
		return nil, nil
	}
	return o, err
}

// resources returns what a list holds, and of what is no list, itself.
func resources(o object) []object {
	if list, _ := o.at("Resources"); list != nil || o == nil {
		return o.objects("Resources")
	}
	return []object{o}
}

// Check tries the token, and looks what the service provider says of itself. It
// writes nothing.
func (p *provider) Check(ctx context.Context) (desk.Profile, error) {
	if _, _, err := p.client.get(ctx, "/Users", url.Values{"count": {"1"}}); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Retryable, "there is no SCIM at the desk's URL (HTTP 404); give the base URL as the desk shows it, to which /Users is added")
		}
		return desk.Profile{}, err
	}
	d, err := p.discover(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	profile := desk.Profile{Version: "SCIM 2.0"}
	if p.settings.service != "" {
		self, err := p.byEmail(ctx, p.settings.service)
		if err != nil {
			return desk.Profile{}, err
		}
		if self == nil {
			profile.Problemf("the desk has no user %s, whom the setting service_account protects; correct the setting", p.settings.service)
		} else {
			profile.Self = self.id()
		}
	}
	p.settings.checkAttributes(&profile, d)
	switch {
	case !p.settings.teams:
		return profile, nil
	case !d.groups:
		profile.Problemf("the desk has no groups in SCIM; set teams to false, and let rules name no teams")
		return profile, nil
	}
	groups, err := p.groups.Reread(ctx)
	if errors.Is(err, errCannot) || errors.Is(err, errNoList) {
		profile.Problemf("the desk lists no groups; set teams to false, and let rules name no teams")
		return profile, nil
	}
	profile.Teams = groupNames(groups)
	return profile, err
}

// checkAttributes compares the settings with the attributes that the desk says to
// have.
func (s *settings) checkAttributes(profile *desk.Profile, d discovery) {
	if d.attributes == nil {
		return
	}
	lacks := func(name string) bool { return !d.attributes[strings.ToLower(name)] }
	if lacks("active") {
		profile.Problemf("the desk says that users cannot be deactivated (no attribute active); use on_leave: delete")
	}
	if name := s.role.path(); name != "" && lacks(name) {
		profile.Problemf("the desk says that users have no attribute %s; set role_attribute to the one that holds the role, or to none", name)
	}
	for word, name := range map[string]string{"display_name": "displayName", "title": "title", "phone": "phoneNumbers", "timezone": "timezone"} {
		if s.keeps[word] && lacks(name) {
			profile.Problemf("the desk says that users have no attribute %s; take %s out of the setting attributes", name, word)
		}
	}
	slices.Sort(profile.Problems)
}
