package deskidp_test

import (
	"encoding/base64"
	"encoding/xml"
	"testing"

	"github.com/beevik/etree"
)

func xmlUnmarshal(text []byte, v any) error { return xml.Unmarshal(text, v) }

func elementBytes(t testing.TB, e *etree.Element) []byte {
	t.Helper()
	document := etree.NewDocument()
	document.SetRoot(e)
	text, err := document.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
