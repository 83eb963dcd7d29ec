package idptest

import (
	"crypto/rand"
	"os/exec"
	"testing"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
	"golang.org/x/crypto/bcrypt"
)

// Dex is the OpenID provider of that name, with the people in its own list. It
// signs them in by address and password.
type Dex struct {
	Issuer string

	t      *testing.T
	dir    folder
	server *processtest.Server
	config map[string]any
}

// NewDex starts one that knows people.
func NewDex(t *testing.T, people ...Person) *Dex {
	t.Helper()
	servicetest.Need(t)
	address := processtest.Address(t)
	d := &Dex{Issuer: "http://" + address + "/dex", t: t, dir: newFolder(t)}
	d.config = map[string]any{
		"issuer":           d.Issuer,
		"storage":          map[string]any{"type": "memory"},
		"web":              map[string]any{"http": address},
		"oauth2":           map[string]any{"skipApprovalScreen": true, "passwordConnector": "local"},
		"enablePasswordDB": true,
		"staticPasswords":  dexPeople(t, people),
	}
	d.dir.writeJSON("config.json", d.config)
	d.server = &processtest.Server{Name: "Dex", Ready: d.Issuer + "/.well-known/openid-configuration", Command: func() *exec.Cmd {
		return exec.Command(program(t, "dex"), "serve", d.dir.join("config.json")) // JSON is YAML, too
	}}
	d.server.Start(t)
	return d
}

func dexPeople(t *testing.T, people []Person) (out []map[string]any) {
	t.Helper()
	for _, p := range people {
		hash, err := bcrypt.GenerateFromPassword([]byte(p.Password), bcrypt.DefaultCost) // Dex takes no less
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, map[string]any{"email": p.Email, "emailVerified": !p.Unverified, "hash": string(hash),
			"userID": p.Subject(), "username": p.Login, "name": p.Name(), "preferredUsername": p.Login, "groups": p.Groups})
	}
	return out
}

// Trust registers a client. Dex reads its clients once, and starts afresh for
// that: whoever was signed in there no longer is.
func (d *Dex) Trust(c Client) Credentials {
	d.t.Helper()
	made := Credentials{ID: "deskbridge", Secret: rand.Text()}
	d.config["staticClients"] = []map[string]any{{"id": made.ID, "secret": made.Secret, "name": "Deskbridge", "redirectURIs": []string{c.RedirectURL}}}
	d.dir.writeJSON("config.json", d.config)
	d.server.Restart()
	return made
}
