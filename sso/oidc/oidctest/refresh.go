package oidctest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// offer adds a refresh token to an answer whose sign-in asked for one.
func (p *Provider) offer(answer map[string]any, g grant) {
	if !g.offline {
		return
	}
	token := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refreshes[token] = g
	p.given = append(p.given, token)
	answer["refresh_token"] = token
}

// refresh gives tokens for a refresh token, which serves once where p rotates them: a
// second use revokes all that came of that sign-in (RFC 9700 §4.14.2).
func (p *Provider) refresh(w http.ResponseWriter, r *http.Request) {
	p.count("refresh")
	token := r.PostFormValue("refresh_token")
	p.mu.Lock()
	g, known := p.refreshes[token]
	used := p.spent[token]
	if p.Rotates && known {
		p.spent[token] = true
		delete(p.refreshes, token)
	}
	if used {
		clear(p.refreshes)
	}
	p.mu.Unlock()
	if !known {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "<b>no such token</b>"})
		return
	}
	access := rand.Text()
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if p.Rotates {
		p.offer(answer, g)
	}
	g.nonce = ""
	answer["id_token"] = p.idToken(g, access)
	change(p.Refreshed, answer)
	write(w, http.StatusOK, answer)
}

// Behave takes back whatever p was told to do to its answers. It waits for those under
// way: who asked does not hear of the end of a request that breaks off.
func (p *Provider) Behave() {
	p.serving.Lock()
	defer p.serving.Unlock()
	p.Claims, p.Sign, p.Exchange, p.Refreshed, p.Rotates = nil, nil, nil, nil, false
	clear(p.Handle)
}

// RefreshTokens returns all refresh tokens that were ever given.
func (p *Provider) RefreshTokens() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.given)
}

// RevokeAll has the provider refuse all refresh tokens that it has given.
func (p *Provider) RevokeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.refreshes)
}

// offlineAsked reports whether an authorization request asks for a refresh token.
func offlineAsked(scope string) bool { return strings.Contains(" "+scope+" ", " offline_access ") }
