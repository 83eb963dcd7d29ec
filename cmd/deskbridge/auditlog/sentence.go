package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// phrases say what happened, after who did it; % is the subject.
var phrases = map[provision.Action]string{
	audit.UserCreated:        "added the person %",
	audit.UserChanged:        "changed the person %",
	audit.UserSuspended:      "suspended %",
	audit.UserRestored:       "restored %",
	audit.UserTakenOver:      "describes % from now on, who was known by sign-in only",
	audit.UserRemoved:        "removed %",
	audit.UserAccessLost:     "took the last that gave % access to a desk",
	audit.UserAccessRegained: "gave % access to a desk again before it had ended",

	audit.PersonBlocked:    "blocked %",
	audit.PersonUnblocked:  "took back the block of %",
	audit.PersonEndSet:     "said when the access of % ends",
	audit.PersonEnded:      "ended the access of %, whose end has passed",
	audit.PersonExpired:    "ended the access of %, whose sign-in has expired or was revoked",
	audit.PersonRenewed:    "signed in again: the access of %, whose sign-in had expired, is back",
	audit.PersonUnasked:    "noted that the identity provider cannot be asked about % until they sign in again",
	audit.PersonAway:       "noted that % is away",
	audit.PersonBack:       "noted that % is back",
	audit.PersonByHandDone: "said that what was to be done by hand about the absence of % is done",
	audit.RuleEnded:        "ended what the rule % grants, whose end has passed",

	audit.SeatIdle:      "took the seat of %, who did not use it,",
	audit.SeatGivenBack: "gave % their seat back",
	audit.SeatPriced:    "said what a seat of the desk % costs",

	audit.PersonForgotten: "erased all that was known of %, but for ids",

	audit.GroupCreated:   "added the group %",
	audit.GroupChanged:   "changed the group %",
	audit.GroupRemoved:   "removed the group %",
	audit.MembersChanged: "changed the members of the group %",
	audit.GroupsOverage:  "noted that an identity provider did not name all groups of a person of the connection %",

	audit.ConnectionCreated: "added the connection %",
	audit.ConnectionChanged: "changed the connection %",
	audit.ConnectionRemoved: "removed the connection %",
	audit.ConnectionDeleted: "deleted what was left of the removed connection %",
	audit.DeskCreated:       "added the desk %",
	audit.DeskIgnores:       "changed which users of the desk % are nobody",
	audit.DeskPaused:        "paused the desk %",
	audit.DeskResumed:       "resumed the desk %",
	audit.DeskRemoved:       "removed the desk %",
	audit.DeskDeleted:       "deleted what was left of the removed desk %",
	audit.DeskAppCreated:    "made the API credentials %",
	audit.DeskAppRemoved:    "ended the API credentials %",
	audit.TokenCreated:      "made the token %",
	audit.TokenRotated:      "rotated the token %",
	audit.TokenRevoked:      "revoked the token %",
	audit.SetupLinkCreated:  "made a set-up link for the connection %",
	audit.SetupLinkOpened:   "opened the set-up link for the connection %",
	audit.SetupLinkUsed:     "made a token by the set-up link for the connection %",
	audit.SetupLinkRevoked:  "revoked the set-up link for the connection %",
	audit.DomainClaimed:     "claimed a domain for the connection %",
	audit.DomainVerified:    "verified a domain of the connection %",
	audit.DomainRemoved:     "removed a domain of the connection %",
	audit.KeyCreated:        "made the key %",
	audit.KeyRetired:        "retired the key %",
	audit.MetadataChanged:   "took over other metadata of the identity provider of the connection %",
	audit.SignInEnding:      "warned that something that signing in needs expires, at the connection %",
	audit.RuleCreated:       "added the rule %",
	audit.RuleRemoved:       "removed the rule %",
	audit.PlanApplied:       "applied the plan %",

	audit.LoginForgotten: "had a login of % forgotten",
	audit.LoginLinked:    "linked a login to %",
	audit.LoginRebound:   "gave a login to %, who has it now",
	audit.LoginRefused:   "was refused a sign-in under the reference %",
	audit.LoginUnlinked:  "unlinked logins of %",
	audit.SessionStarted: "signed in %",
	audit.SessionEnded:   "ended a session of %",

	audit.DeskSessionSignedIn:    "signed % in to a desk",
	audit.DeskSessionRefused:     "refused % at a desk",
	audit.DeskSessionEnded:       "ended a desk session of %",
	audit.DeskSessionNotified:    "told the desk that a session of % is over",
	audit.DeskSessionNotNotified: "could not tell the desk that a session of % is over",

	audit.BreakGlassCreated:  "made the break-glass admin %",
	audit.BreakGlassRemoved:  "removed the break-glass admin %",
	audit.BreakGlassSignedIn: "signed in the break-glass admin %",
	audit.BreakGlassRefused:  "refused a break-glass sign-in of %",

	audit.AdminGranted:    "gave the people of the group % a role here",
	audit.AdminRevoked:    "took the role of the group % away",
	audit.APITokenCreated: "made the token % of the admin API",
	audit.APITokenRevoked: "revoked the token % of the admin API",

	audit.AlarmTargetAdded:   "has % told of what needs somebody",
	audit.AlarmTargetRemoved: "has % told no more",
	audit.AlarmSentAgain:     "sent an alarm once more",
	audit.ApprovalAsked:      "asked whether the desk user of % is to go for good",
	audit.ApprovalApproved:   "approved that the desk user of % goes for good",
	audit.ApprovalRefused:    "refused that the desk user of % goes for good",
	audit.ApprovalOverdue:    "asked again whether the desk user of % is to go for good",

	audit.SecondAdminAsked:       "asked for a second admin for what takes access away by %",
	audit.SecondAdminConfirmed:   "confirmed, as the second admin, what takes access away by %",
	audit.SecondAdminWithdrawn:   "withdrew what waited for a second admin: to take access away by %",
	audit.SecondAdminExpired:     "noted that nobody has confirmed in time what takes access away by %",
	audit.SecondAdminVoid:        "found void what waited for a second admin: to take access away by %",
	audit.SecondAdminSwitchedOn:  "noted that taking access from many needs two admins from now on",
	audit.SecondAdminSwitchedOff: "noted that taking access from many needs one admin from now on",

	audit.BrakeHeld:     "put the ends of access of the connection % on hold: unusually many at once",
	audit.BrakeReleased: "released what was on hold of the connection %",
	audit.BrakeRejected: "rejected what was on hold of the connection %",
	audit.BrakeCleared:  "noted that nothing of the connection % is on hold any more",

	audit.UnitRenamed:  "found that the desk % calls a team or mailbox of rules by another name",
	audit.UnitGone:     "found a team or mailbox of rules gone from the desk %",
	audit.UnitReplaced: "found that on the desk % another team or mailbox has a name that rules mean",
	audit.UnitAccepted: "had rules mean the new team or mailbox of the desk %",

	audit.AccountConfirmed:      "read back that % has the access that is due",
	audit.AccountEnded:          "read back that the access of % is gone",
	audit.AccountDrifted:        "found that the desk shows something else of % than was confirmed",
	audit.AccountNeedsAttention: "needs a person for the account of %",
	audit.AccountOnHold:         "put the end of access of % on hold",
	audit.AccountReleased:       "released the end of access of %",
	audit.AccountKept:           "had % keep the access that was to end",
	audit.AccountAdoptionAgreed: "agreed to adopt the desk user of %",
	audit.AccountAdoptionUndone: "gave back the desk user of %, as it was before its adoption",
	audit.AccountRetried:        "had the account of % synced again",
	audit.AccountDoneByHand:     "said that what was to be done by hand for % is done",

	audit.AccountCreated:          "made a desk user for %",
	audit.AccountAdopted:          "adopted the desk user of %",
	audit.AccountActivated:        "activated the desk user of %",
	audit.AccountProfileChanged:   "changed the profile of the desk user of %",
	audit.AccountRoleChanged:      "changed the role of %",
	audit.AccountTeamsChanged:     "changed the teams of %",
	audit.AccountMailboxesChanged: "changed the mailboxes of %",
	audit.AccountDeskRolesChanged: "changed the desk's own roles of %",
	audit.ConversationHandedOver:  "handed over a conversation of %",
	audit.AccountHandedOver:       "ended the hand-over of the conversations of %",
	audit.AccountStepDue:          "noted when the next step follows for the desk user of %",
	audit.AccountInflowStopped:    "stopped new conversations for %",
	audit.AccountAway:             "told the desk whether % is away",
	audit.ConversationGivenBack:   "gave back a conversation to %",
	audit.AccountDeactivated:      "deactivated the desk user of %",
	audit.AccountDeleted:          "deleted the desk user of %",
	audit.AccountAnonymized:       "anonymized the desk user of %",
	audit.AccountSessionsEnded:    "ended the desk's own sessions of %",
}

// actors are the actors that are no names of anybody.
var actors = map[string]string{
	"worker": "Deskbridge", "system": "Deskbridge", "sso:saml": "a browser (SAML)", "sso:oidc": "a browser (OpenID Connect)",
	"idp:saml": "a desk's sign-in (SAML)", "idp:oidc": "a desk's sign-in (OpenID Connect)", "break-glass": "a browser (break-glass)", "first-link": "whoever had the link to make the first admin",
}

// who returns an actor in words.
func (n *names) who(ctx context.Context, actor string) (string, error) {
	if person, ok := strings.CutPrefix(actor, "person:"); ok {
		return n.called(ctx, "", person)
	}
	return who(actor), nil
}

func who(actor string) string {
	if named, ok := actors[actor]; ok {
		return named
	}
	if token, ok := strings.CutPrefix(actor, "scim:"); ok {
		return token + " (SCIM)"
	}
	if person, ok := strings.CutPrefix(actor, "cli:"); ok {
		return person + " (command)"
	}
	if strings.HasPrefix(actor, "setup-link:") {
		return "whoever has the set-up link"
	}
	if token, ok := strings.CutPrefix(actor, "api:"); ok {
		return token + " (admin API)"
	}
	if admin, ok := strings.CutPrefix(actor, "break-glass:"); ok {
		return admin + " (break-glass)"
	}
	return actor
}

// sentence returns an entry in words, with names beside ids.
func (n *names) sentence(ctx context.Context, e provision.Entry) (string, error) {
	subject, err := n.called(ctx, e.Connection, e.Subject)
	if err != nil {
		return "", err
	}
	if subject == "" {
		subject = "(nobody)"
	}
	phrase, ok := phrases[e.Action]
	if !ok { // of an older or a newer release
		phrase = string(e.Action) + " %"
	}
	actor, err := n.who(ctx, e.Cause.Actor)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(actor + " " + strings.Replace(phrase, "%", subject, 1))
	if e.Desk != "" {
		out.WriteString(" on " + n.DeskName(e.Desk))
	}
	before := ": "
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		if e.Detail[key] == nil { // a list without anything in it
			continue
		}
		value, err := n.value(ctx, e.Connection, e.Detail[key])
		if err != nil {
			return "", err
		}
		out.WriteString(before + key + " " + value)
		before = "; "
	}
	if e.Cause.Action != "" {
		out.WriteString(" (" + e.Cause.Action + ")")
	}
	return out.String(), nil
}

// value returns a detail in words: ids with their names, the rest as JSON.
func (n *names) value(ctx context.Context, conn provision.ConnectionID, v any) (string, error) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return `""`, nil
		}
		return n.called(ctx, conn, v)
	case []any:
		return n.list(ctx, conn, v)
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// list returns a list in words.
func (n *names) list(ctx context.Context, conn provision.ConnectionID, all []any) (string, error) {
	told := all
	if n.most > 0 && len(all) > n.most {
		told = all[:n.most]
	}
	var ids []string
	for _, v := range told {
		if id, is := v.(string); is {
			ids = append(ids, id)
		}
	}
	if err := n.learn(ctx, ids); err != nil {
		return "", err
	}
	words := make([]string, len(told), len(told)+1)
	for i, v := range told {
		var err error
		if words[i], err = n.value(ctx, conn, v); err != nil {
			return "", err
		}
	}
	if more := len(all) - len(told); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return "[" + strings.Join(words, ", ") + "]", nil
}
