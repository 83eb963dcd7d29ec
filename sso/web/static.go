package web

import (
	"embed"
	"net/http"
)

//go:embed static
var static embed.FS

// Routes returns the addresses of what pages load.
func (s *Site) Routes() (out []Route) {
	for _, name := range []string{"style.css", "submit.js"} { // by name: a pattern would take in a connection's paths
		out = append(out, Route{Pattern: "GET /sso/static/" + name, EveryPage: true, Serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=3600")
			http.ServeFileFS(w, r, static, "static/"+name)
		}})
	}
	return out
}
