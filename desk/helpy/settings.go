package helpy

import (
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// settings is what an administrator configures, checked.
type settings struct {
	api *url.URL // Helpy's API, without a slash at the end
	key string   // API key of the service account
}

// apiKey is the form of Helpy's keys, 32 hexadecimal digits, with room for
// releases that make them longer.
var apiKey = kit.Token{Least: 32, Most: 128}

// parseSettings checks d. All mistakes are in the one error, code Invalid.
func parseSettings(d provision.Desk) (settings, error) {
	var wrong desk.Mistakes
	allowHTTP := false
	kit.ReadSettings(d.Settings, []kit.Setting{{Key: "allow_http", Flag: &allowHTTP}}, &wrong)
	if !apiKey.Is(d.Secret) {
		wrong.Add("secret", "give an API key of an admin of Helpy: 32 letters and digits, at Settings > API Keys")
	}
	home, advice := kit.Address(d.URL, "give the address of Helpy's home page, such as https://helpy.example.com", allowHTTP)
	if advice != "" {
		wrong.Add("url", "%s", advice)
		return settings{}, wrong.Err()
	}
	return settings{api: home.JoinPath("api", "v1"), key: d.Secret}, wrong.Err()
}
