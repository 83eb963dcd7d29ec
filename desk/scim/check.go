package scim

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
)

// Check tries the token, and looks what the service provider says of itself. It
// writes nothing.
func (p *provider) Check(ctx context.Context) (desk.Profile, error) {
	if _, _, err := p.client.Get(ctx, "/Users", url.Values{"count": {"1"}}); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			err = desk.Errorf(desk.Retryable, "there is no SCIM at the desk's URL (HTTP 404); give the base URL as the desk shows it, to which /Users is added")
		}
		return desk.Profile{}, err
	}
	d, err := p.client.Discover(ctx)
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
	case !d.Groups:
		profile.Problemf("the desk has no groups in SCIM; set teams to false, and let rules name no teams")
		return profile, nil
	}
	groups, err := p.groups.Reread(ctx)
	if errors.Is(err, scimclient.ErrCannot) || errors.Is(err, scimclient.ErrNoList) {
		profile.Problemf("the desk lists no groups; set teams to false, and let rules name no teams")
		return profile, nil
	}
	profile.Teams = groupNames(groups)
	return profile, err
}

// checkAttributes compares the settings with the attributes that the desk says to
// have.
func (s *settings) checkAttributes(profile *desk.Profile, d scimclient.Discovery) {
	if d.Attributes == nil {
		return
	}
	lacks := func(name string) bool { return !d.Attributes[strings.ToLower(name)] }
	if lacks("active") {
		profile.Problemf("the desk says that users cannot be deactivated (no attribute active); use on_leave: delete")
	}
	if name := s.role.Path(); name != "" && lacks(name) {
		profile.Problemf("the desk says that users have no attribute %s; set role_attribute to the one that holds the role, or to none", name)
	}
	for word, name := range map[string]string{"display_name": "displayName", "title": "title", "phone": "phoneNumbers", "timezone": "timezone"} {
		if s.keeps[word] && lacks(name) {
			profile.Problemf("the desk says that users have no attribute %s; take %s out of the setting attributes", name, word)
		}
	}
	slices.Sort(profile.Problems)
}
