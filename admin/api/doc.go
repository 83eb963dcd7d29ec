// Package api is the admin API, /api/v1: what the console shows and does, for
// programs. Its document, OpenAPI 3.1, is at /api/openapi.json, and a page for
// people at /api/docs.
//
// A route names the verb of package admin that it is, reads what is asked for, calls
// the core and answers. It decides nothing.
package api
