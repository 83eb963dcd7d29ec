package idptest

import "strings"

// Person is somebody whom an identity provider knows.
type Person struct {
	Login         string
	Password      string
	Email         string
	Given, Family string
	Groups        []string

	// Unverified is said of the address where a protocol has a word for it.
	Unverified bool
}

// Name is what the person is called.
func (p Person) Name() string { return p.Given + " " + p.Family }

// Subject is what OpenID providers call the person, where a test can say so: it
// is neither the login nor the address, so that neither can be taken for it.
func (p Person) Subject() string { return "subject-of-" + p.Login }

// Staff returns three people of a company: Alice works in support, Bob leads
// it, and Eve is in no group and never proved that her address is hers. domain
// is that of their addresses: one that no other test has, for a help desk
// forgets nobody.
func Staff(domain string) (alice, bob, eve Person) {
	person := func(login, family string, groups ...string) Person {
		return Person{Login: login, Password: "Passw0rd!" + login, Email: login + "@" + domain,
			Given: strings.ToUpper(login[:1]) + login[1:], Family: family, Groups: groups}
	}
	alice = person("alice", "Nørgård", "support-agents")
	bob = person("bob", "Lund", "support-agents", "support-admins")
	eve = person("eve", "Moss")
	eve.Unverified = true
	return alice, bob, eve
}
