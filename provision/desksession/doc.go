// Package desksession keeps our sessions in use at desks: who may enter a desk
// and as what, and that the desk hears of it when a session ends.
//
// It decides by what the person should have and the desk has confirmed. How a
// desk is told, by SAML or OpenID Connect, is the business of sso/deskidp.
package desksession
