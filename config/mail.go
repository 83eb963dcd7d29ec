package config

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
)

// MailServer returns the server that alarms are mailed through; nil for none. Errors do
// not repeat the setting, which may hold a password.
func (s *Server) MailServer() (*url.URL, error) {
	if s.SMTPURL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.SMTPURL)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("is no address of a mail server; write one like smtp://user:password@mail.example.com:587, or smtps://")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("has a port that is none")
		}
	}
	return u, nil
}

// checkMail returns what is wrong with the address that mail is from.
func (s *Server) checkMail() error {
	a, err := mail.ParseAddress(s.MailFrom)
	switch {
	case s.MailFrom == "" && s.SMTPURL != "":
		return errors.New("is missing; with DESKBRIDGE_SMTP_URL it is the address that alarms are from, e.g. deskbridge@example.com")
	case s.MailFrom != "" && (err != nil || a.Address != s.MailFrom):
		return errors.New("is no address, such as deskbridge@example.com")
	}
	return nil
}
