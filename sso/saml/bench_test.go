package saml_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// BenchmarkAnswer also tells how many times as long the same answer takes in
// the library's own ParseXMLResponse.
func BenchmarkAnswer(b *testing.B) {
	idp := samltest.New(idpID)
	for _, name := range []string{"SI00", "SI02", "SI12", "SI13"} {
		b.Run(name, func(b *testing.B) {
			var posted string
			for _, tt := range samltest.Cases {
				if tt.ID == name {
					posted = tt.Build(idp, pending()).Get("SAMLResponse")
				}
			}
			sp := provider(b, idp)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sp.Answer(posted, "_pending"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/theirs(b, idp, posted), "×crewjam")
		})
	}
}

// theirs returns how many nanoseconds the library takes for an answer.
func theirs(b *testing.B, idp *samltest.IdP, posted string) float64 {
	b.Helper()
	var metadata crewjam.EntityDescriptor
	if err := xml.Unmarshal(idp.Metadata(), &metadata); err != nil {
		b.Fatal(err)
	}
	acs, err := url.Parse(acsURL)
	if err != nil {
		b.Fatal(err)
	}
	lib := crewjam.ServiceProvider{EntityID: entityID, AcsURL: *acs, IDPMetadata: &metadata, Key: ourKeys()[0].Private, Certificate: ourKeys()[0].Certificate}
	const rounds = 50
	start := time.Now()
	for range rounds {
		raw, err := base64.StdEncoding.DecodeString(posted)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := lib.ParseXMLResponse(raw, []string{"_pending"}, *acs); err != nil {
			b.Fatal(err.(*crewjam.InvalidResponseError).PrivateErr)
		}
	}
	return float64(time.Since(start)) / rounds
}

func BenchmarkAnswerRefused(b *testing.B) {
	idp := samltest.New(idpID)
	sp := provider(b, idp)
	for _, tt := range samltest.Cases {
		if tt.ID != "SP16" && tt.ID != "SP17b" && tt.ID != "SP17c" && tt.ID != "SP18b" && tt.ID != "SS05" {
			continue
		}
		b.Run(tt.ID, func(b *testing.B) {
			posted := tt.Build(idp, pending()).Get("SAMLResponse")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sp.Answer(posted, "_pending"); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkParseMetadata(b *testing.B) {
	raw := samltest.New(idpID).Metadata()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := saml.ParseMetadata(raw, "", time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
