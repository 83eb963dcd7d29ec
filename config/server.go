package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/deskbridge/deskbridge/internal/spelling"
)

const (
	prefix = "DESKBRIDGE_"
	// testPrefix marks variables of our own tests, which are no settings.
	testPrefix = prefix + "TEST_"
	fileSuffix = "_FILE"
)

// Server holds the settings of a server. The zero value of each field has a
// default, so that `deskbridge serve` needs none of them.
type Server struct {
	DataDir string `koanf:"data_dir"` // where SQLite and the generated key lie; default ./data
	Listen  string `koanf:"listen"`   // host:port; default 127.0.0.1:8080
	// MetricsListen is host:port of a listener for /metrics and the health checks
	// alone; default none: then Listen serves them.
	MetricsListen string `koanf:"metrics_listen"`
	PublicURL     string `koanf:"public_url"`   // what clients see, no trailing slash; default http://LISTEN
	DatabaseURL   string `koanf:"database_url"` // postgres://…; default SQLite under DataDir
	SecretKey     string `koanf:"secret_key"`   // base64 of 32 bytes; several with commas: the first seals, all open; default: made under DataDir
	AllowHosts    string `koanf:"allow_hosts"`  // development only: host:port pairs that may be fetched over http or at private addresses

	TrustedProxies string        `koanf:"trusted_proxies"` // addresses and networks whose X-Forwarded-For is believed; default none
	SessionIdle    time.Duration `koanf:"session_idle"`    // how long a session lives without use; default 2h
	SessionLife    time.Duration `koanf:"session_life"`    // how long it lives at most; default 12h

	LogLevel  string `koanf:"log_level"`  // debug, info, warn, error; default info
	LogFormat string `koanf:"log_format"` // json, text; default json

	Workers int           `koanf:"workers"` // reconcile runs at once; default 8
	Sweep   string        `koanf:"sweep"`   // how often each desk is looked at for what was changed there by hand; off; default 1h
	Grace   time.Duration `koanf:"grace"`   // how long access outlives a person's last group; default 5s

	Brake        string        `koanf:"brake"`         // on, off; default on
	BrakePeople  int           `koanf:"brake_people"`  // default 5
	BrakePercent int           `koanf:"brake_percent"` // default 10
	BrakeWindow  time.Duration `koanf:"brake_window"`  // default 10m

	SecondAdmin     string        `koanf:"second_admin"`      // on, off: what takes access from many needs two admins; default off
	SecondAdminWait time.Duration `koanf:"second_admin_wait"` // how long the first waits for the second; default 24h

	SilentAfter string `koanf:"silent_after"` // how long an IdP may send no request before status says so; off; default 3d

	RequestLog string `koanf:"request_log"` // for how long requests are kept; off; default 30d

	SMTPURL  string `koanf:"smtp_url"`  // smtp:// or smtps:// with user, password, host and port, for alarms; default none
	MailFrom string `koanf:"mail_from"` // address that alarms are from

	SCIMRate    int `koanf:"scim_rate"`     // requests a second and connection; default 10000; -1: no limit
	SCIMMaxBody int `koanf:"scim_max_body"` // bytes; default 8388608
}

func defaults() Server {
	return Server{
		DataDir: "./data", Listen: "127.0.0.1:8080", LogLevel: "info", LogFormat: "json",
		Workers: 8, Sweep: "1h", Grace: 5 * time.Second, Brake: "on", BrakePeople: 5, BrakePercent: 10, BrakeWindow: 10 * time.Minute, SecondAdmin: "off", SecondAdminWait: 24 * time.Hour,
		SilentAfter: "3d", RequestLog: "30d", SCIMRate: 10_000, SCIMMaxBody: 8 << 20,
		SessionIdle: 2 * time.Hour, SessionLife: 12 * time.Hour,
	}
}

// Load returns the settings from a YAML file, when path is not empty, and from
// environ ("NAME=value" as in [os.Environ]), which wins. A variable NAME_FILE
// names a file that holds the value of NAME. Unknown names in the file are
// mistakes, and so are variables that look like a misspelt setting; others may
// be somebody else's.
func Load(path string, environ []string) (Server, error) {
	k := koanf.New(".")
	var mistakes []error
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return Server{}, fmt.Errorf("settings file %s: %w", path, err)
		}
	}
	for _, key := range k.Keys() {
		if !slices.Contains(keys(), key) {
			mistakes = append(mistakes, fmt.Errorf("unknown setting %s in %s; known ones: %s", key, path, strings.Join(keys(), ", ")))
			k.Delete(key)
		}
	}
	values, errs := fromEnviron(environ)
	mistakes = append(mistakes, errs...)
	if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
		return Server{}, err
	}
	s := defaults()
	unreadable := s.decode(k.All())
	if s.PublicURL == "" {
		s.PublicURL = "http://" + s.Listen
	}
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	mistakes = append(mistakes, s.check(unreadable)...)
	return s, errors.Join(mistakes...)
}

// ofCommands are variables that tell commands something, and the server nothing.
var ofCommands = []string{prefix + "CONFIG", prefix + "SERVER", prefix + "TOKEN", prefix + "TOKEN_FILE"}

func fromEnviron(environ []string) (values map[string]any, mistakes []error) {
	values = make(map[string]any)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, testPrefix) || slices.Contains(ofCommands, name) {
			continue
		}
		key := strings.ToLower(strings.TrimPrefix(name, prefix))
		if base, isFile := strings.CutSuffix(key, strings.ToLower(fileSuffix)); isFile {
			text, err := readFile(base, value)
			if err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", name, err))
				continue
			}
			key, value = base, strings.TrimSpace(string(text))
		}
		if slices.Contains(keys(), key) {
			values[key] = value
		} else if meant := spelling.Closest(key, keys()); meant != "" {
			mistakes = append(mistakes, fmt.Errorf("unknown setting %s; did you mean %s%s?", name, prefix, strings.ToUpper(meant)))
		}
	}
	return values, mistakes
}

// check returns every mistake in s, named after its variable. Settings that
// could not even be read are not looked at any further.
func (s *Server) check(unreadable map[string]error) (mistakes []error) {
	for _, key := range keys() {
		if err := unreadable[key]; err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s%s: %w", prefix, strings.ToUpper(key), err))
		}
	}
	wrong := func(key, format string, args ...any) {
		if unreadable[key] == nil {
			mistakes = append(mistakes, fmt.Errorf(prefix+strings.ToUpper(key)+": "+format, args...))
		}
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		wrong("listen", "%q is no host:port, e.g. 127.0.0.1:8080", s.Listen)
	}
	if _, _, err := net.SplitHostPort(s.MetricsListen); s.MetricsListen != "" && err != nil {
		wrong("metrics_listen", "%q is no host:port, e.g. 127.0.0.1:8081", s.MetricsListen)
	}
	if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		wrong("public_url", "%q is no URL like https://bridge.example.com", s.PublicURL)
	} else if u.Path != "" || u.User != nil {
		wrong("public_url", "%q has more than scheme, host and port, like https://bridge.example.com: Deskbridge is served at /sso/ and /scim/ of a host, not below a path", u.Redacted())
	}
	if s.DatabaseURL != "" {
		if u, err := url.Parse(s.DatabaseURL); err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			wrong("database_url", "must begin with postgres://; leave it out for the embedded SQLite") // the value may hold a password
		}
	}
	if _, err := s.Keys(); err != nil {
		wrong("secret_key", "%v", err)
	}
	for _, pair := range s.Hosts() {
		if _, _, err := net.SplitHostPort(pair); err != nil {
			wrong("allow_hosts", "%q is no host:port; give pairs with commas between them", pair)
		}
	}
	if _, err := s.Proxies(); err != nil {
		wrong("trusted_proxies", "%v", err)
	}
	if s.SessionIdle < time.Minute || s.SessionIdle > s.SessionLife && unreadable["session_life"] == nil {
		wrong("session_idle", "%s is not between 1m and DESKBRIDGE_SESSION_LIFE", s.SessionIdle)
	}
	if s.SessionLife < time.Minute || s.SessionLife > 30*24*time.Hour {
		wrong("session_life", "%s is not between 1m and 30d", s.SessionLife)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel) {
		wrong("log_level", "%q is none of debug, info, warn, error", s.LogLevel)
	}
	if !slices.Contains([]string{"json", "text"}, s.LogFormat) {
		wrong("log_format", "%q is neither json nor text", s.LogFormat)
	}
	if s.Brake != "on" && s.Brake != "off" {
		wrong("brake", "%q is neither on nor off", s.Brake)
	}
	if s.Workers < 1 || s.Workers > 256 {
		wrong("workers", "%d is not between 1 and 256", s.Workers)
	}
	if every, err := s.SweepInterval(); err != nil || every != 0 && every < time.Second {
		wrong("sweep", "%q is neither off nor a time of 1s or more, e.g. 1h or 1d", s.Sweep)
	}
	if s.Grace < 0 || s.Grace > time.Hour {
		wrong("grace", "%s is not between 0s and 1h", s.Grace)
	}
	if s.BrakePeople < 1 {
		wrong("brake_people", "%d is not 1 or more; DESKBRIDGE_BRAKE=off switches the brake off", s.BrakePeople)
	}
	if s.BrakePercent < 1 || s.BrakePercent > 100 {
		wrong("brake_percent", "%d is not between 1 and 100", s.BrakePercent)
	}
	if s.BrakeWindow < time.Second {
		wrong("brake_window", "%s is shorter than 1s", s.BrakeWindow)
	}
	if s.SecondAdmin != "on" && s.SecondAdmin != "off" {
		wrong("second_admin", "%q is neither on nor off", s.SecondAdmin)
	}
	if s.SecondAdmin == "on" && s.Brake == "off" {
		wrong("second_admin", "it is about what mass-change protection holds, and DESKBRIDGE_BRAKE=off holds nothing")
	}
	if s.SecondAdminWait < time.Minute || s.SecondAdminWait > 30*24*time.Hour {
		wrong("second_admin_wait", "%s is not between 1m and 30d", s.SecondAdminWait)
	}
	if after, err := s.SilenceLimit(); err != nil || after != 0 && after < time.Minute {
		wrong("silent_after", "%q is neither off nor a time of 1m or more, e.g. 3d", s.SilentAfter)
	}
	if keep, err := s.RequestLogKept(); err != nil || keep != 0 && keep < time.Minute {
		wrong("request_log", "%q is neither off nor a time of 1m or more, e.g. 30d", s.RequestLog)
	}
	if _, err := s.MailServer(); err != nil {
		wrong("smtp_url", "%w", err)
	}
	if err := s.checkMail(); err != nil {
		wrong("mail_from", "%w", err)
	}
	if s.SCIMRate == 0 || s.SCIMRate < -1 {
		wrong("scim_rate", "%d is no number of requests a second; -1 means no limit", s.SCIMRate)
	}
	if s.SCIMMaxBody < 1024 {
		wrong("scim_max_body", "%d is less than 1024 bytes", s.SCIMMaxBody)
	}
	return mistakes
}

// SweepInterval returns how often each desk is swept; 0 for never.
func (s *Server) SweepInterval() (time.Duration, error) { return orOff(s.Sweep) }

// SilenceLimit returns how long an identity provider may send no request; 0 for
// ever.
func (s *Server) SilenceLimit() (time.Duration, error) { return orOff(s.SilentAfter) }

// RequestLogKept returns for how long requests are kept; 0 for not at all.
func (s *Server) RequestLogKept() (time.Duration, error) { return orOff(s.RequestLog) }

func orOff(text string) (time.Duration, error) {
	if text == "off" {
		return 0, nil
	}
	return ParseDuration(text)
}

// Keys returns the secret keys, decoded; none when no key is set.
func (s *Server) Keys() ([][]byte, error) {
	if s.SecretKey == "" {
		return nil, nil
	}
	var out [][]byte
	for text := range strings.SplitSeq(s.SecretKey, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(key) != 32 {
			return nil, errors.New("a key must be the base64 of 32 bytes; `openssl rand -base64 32` makes one")
		}
		out = append(out, key)
	}
	return out, nil
}

// Hosts returns the host:port pairs of AllowHosts.
func (s *Server) Hosts() []string { return listed(s.AllowHosts) }

// Proxies returns the networks of TrustedProxies; a single address is a network
// of its own.
func (s *Server) Proxies() (networks []netip.Prefix, _ error) {
	for _, text := range listed(s.TrustedProxies) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			at, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network like 10.0.0.0/8", text)
			}
			network = netip.PrefixFrom(at, at.BitLen())
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
