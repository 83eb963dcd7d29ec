package saml

import (
	"encoding/base64"
	"net/http"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/deskidp/site"
)

// metadata serves what a desk needs to know of us (SAML metadata §2.4.3).
// It names every published certificate, so that a desk that reads it knows the
// next one before it signs, and no end of validity: a desk that imported it
// once would stop working then.
func (h *Handler) metadata(w http.ResponseWriter, r *http.Request) {
	desk, ok := h.desk(w, r)
	if !ok {
		return
	}
	keys, err := h.SigningKeys(r.Context())
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	document := etree.NewDocument()
	document.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	document.AddChild(h.entity(desk, keys))
	text, err := document.WriteToBytes()
	if err != nil {
		h.Broken(w, r, err)
		return
	}
	site.Cacheable(w)
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(text) //nolint:errcheck // the reader may be gone
}

func (h *Handler) entity(desk provision.Desk, keys []site.Key) *etree.Element {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", "urn:oasis:names:tc:SAML:2.0:metadata")
	entity.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
	entity.CreateAttr("entityID", h.url(desk.Name, "metadata"))
	role := element(entity, "md:IDPSSODescriptor", "protocolSupportEnumeration", "urn:oasis:names:tc:SAML:2.0:protocol")
	if desk.SignIn.SAML.Certificate != "" {
		role.CreateAttr("WantAuthnRequestsSigned", "true")
	}
	for _, k := range keys {
		info := element(element(role, "md:KeyDescriptor", "use", "signing"), "ds:KeyInfo")
		element(element(info, "ds:X509Data"), "ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(k.Certificate.Raw))
	}
	element(role, "md:NameIDFormat").SetText(string(nameIDFormats[h.releaseTo(desk).nameID]))
	for _, binding := range []string{crewjam.HTTPRedirectBinding, crewjam.HTTPPostBinding} {
		element(role, "md:SingleSignOnService", "Binding", binding, "Location", h.url(desk.Name, "sso"))
	}
	return entity
}
