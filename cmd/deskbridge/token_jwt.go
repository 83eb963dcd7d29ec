package main

import (
	"errors"
	"fmt"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
)

// jwtOf turns what a file says of tokens that an IdP signs into the core's
// words. That their keys cannot be fetched for their address alone is a
// mistake now, rather than at the first request.
func jwtOf(c config.Connection, settings config.Server) (*provision.JWT, error) {
	if c.SCIM == nil || c.SCIM.JWT == nil {
		return nil, nil
	}
	jwt := provision.JWT(*c.SCIM.JWT)
	if err := jwt.Validate(); err != nil {
		return nil, errors.New(explainError(err))
	}
	if err := (fetch.Options{AllowHosts: settings.Hosts()}).Check(jwt.JWKSURL); err != nil {
		return nil, fmt.Errorf("scim.jwt: jwks_url: %w", err)
	}
	return &jwt, nil
}
