package server

import (
	"io"
	"log"
	"log/slog"

	"github.com/deskbridge/deskbridge/config"
)

// NewLogger returns a logger as settings have it, on w.
func NewLogger(s config.Server, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo // config has checked it
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: inMilliseconds}
	if s.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// inMilliseconds writes every duration in one unit, which its name says: "ms",
// or what it is called with "_ms" behind.
func inMilliseconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	name := a.Key + "_ms"
	if a.Key == "duration" {
		name = "ms"
	}
	return slog.Int64(name, a.Value.Duration().Milliseconds())
}

// quietLog sends what net/http has to say to the log, as debug: it is mostly
// clients that went away.
func quietLog(l *slog.Logger) *log.Logger {
	return slog.NewLogLogger(l.Handler(), slog.LevelDebug)
}
