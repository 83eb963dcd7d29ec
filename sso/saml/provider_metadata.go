package saml

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// Metadata returns our metadata, for the identity provider: entity ID,
// addresses, all certificates that are good at now, and what we can do. It
// names no end of validity: an identity provider that imported it once would
// stop working then.
func (sp *ServiceProvider) Metadata(now time.Time) ([]byte, error) {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", sp.config.EntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	role.CreateAttr("AuthnRequestsSigned", "true")
	role.CreateAttr("WantAssertionsSigned", "true")
	sp.addKeys(role, now)
	if sp.config.SLOURL != "" {
		for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
			service := role.CreateElement("md:SingleLogoutService")
			service.CreateAttr("Binding", binding)
			service.CreateAttr("Location", sp.config.SLOURL)
		}
	}
	if sp.config.NameIDFormat != "" {
		role.CreateElement("md:NameIDFormat").SetText(sp.config.NameIDFormat)
	}
	service := role.CreateElement("md:AssertionConsumerService")
	service.CreateAttr("Binding", saml.HTTPPostBinding)
	service.CreateAttr("Location", sp.config.ACSURL)
	service.CreateAttr("index", strconv.Itoa(0))
	service.CreateAttr("isDefault", "true")
	return write(entity)
}

// addKeys publishes our certificates: each for signing, since the next one is
// to be known before it is used, and each for encryption, the newest first. An
// expired one is left out unless it is the only one.
func (sp *ServiceProvider) addKeys(role *etree.Element, now time.Time) {
	keys := slices.DeleteFunc(slices.Clone(sp.config.Keys), func(k Key) bool { return now.After(k.Certificate.NotAfter) })
	if len(keys) == 0 {
		keys = sp.config.Keys[:1]
	}
	for _, k := range keys {
		addKey(role, "signing", k.Certificate.Raw)
	}
	for _, k := range slices.SortedStableFunc(slices.Values(keys), func(a, b Key) int {
		return b.Certificate.NotBefore.Compare(a.Certificate.NotBefore)
	}) {
		addMethods(addKey(role, "encryption", k.Certificate.Raw))
	}
}

// addMethods says which encryption we can read, the best first.
func addMethods(key *etree.Element) {
	names := slices.Sorted(maps.Keys(ciphers))
	slices.SortStableFunc(names, func(a, b string) int { return strengthOf(b) - strengthOf(a) })
	for _, algorithm := range append(names, transportOAEP, transportOAEP11) {
		key.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", algorithm)
	}
}

// strengthOf orders ciphers: one that notices changes before one that does
// not, then the longer key.
func strengthOf(algorithm string) int {
	strength := ciphers[algorithm].keyBytes
	if ciphers[algorithm].authenticated {
		strength += 1000
	}
	return strength
}
