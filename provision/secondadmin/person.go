package secondadmin

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// shared are accounts of operating systems that tell nobody who it is: those that machines
// come with, and the one that the server runs as.
var shared = []string{"root", "deskbridge", "admin", "administrator", "ubuntu", "debian", "ec2-user", "azureuser", "vagrant", "nobody", "unknown"}

// namesOf returns all by which the person behind an actor may be known, folded; none when
// it cannot be told who it is, or they have left. behind is whose a token is.
func namesOf(ctx context.Context, tx Store, actor string) (names []string, behind string, _ error) {
	kind, name, _ := strings.Cut(actor, ":")
	if kind == "api" {
		owner, err := tx.APITokenOwner(ctx, name)
		if err != nil && !provision.IsNotFound(err) {
			return nil, "", err
		}
		if kind, name, _ = strings.Cut(owner, ":"); kind == "api" || err != nil {
			return nil, owner, nil // a token that a token made is nobody's that is known
		}
		behind = owner
	}
	switch kind {
	case "person":
		p, err := tx.AnyIdentity(ctx, provision.IdentityID(name))
		if provision.IsNotFound(err) || err == nil && p.Status != provision.StatusActive {
			return nil, behind, nil
		}
		if err != nil {
			return nil, behind, err
		}
		names = append(names, "id "+name)
		for _, n := range append([]string{p.UserName, p.Profile.Email}, addressesOf(&p)...) {
			names = append(names, called(n)...)
		}
	case "break-glass":
		names = called(name)
	case "cli":
		user, _, _ := strings.Cut(name, "@")
		account, by, sudo := strings.Cut(strings.TrimSuffix(user, ")"), "(")
		if sudo {
			account = by
		}
		if !slices.Contains(shared, provision.Fold(account)) && !strings.HasPrefix(account, "uid-") {
			names = called(account)
		}
	}
	return names, behind, nil
}

func addressesOf(p *provision.Identity) (out []string) {
	for _, e := range p.Emails {
		out = append(out, e.Value)
	}
	return out
}

// called returns a name, and of an address also what stands before the @: people are
// called so by other systems.
func called(name string) (names []string) {
	name = provision.Fold(name)
	local, _, _ := strings.Cut(name, "@")
	for _, n := range []string{name, local} {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// samePerson reports whether two actors may be one person, by all their names. When in
// doubt they are.
func samePerson(one, other []string) bool {
	return len(one) == 0 || len(other) == 0 || slices.ContainsFunc(one, func(n string) bool { return slices.Contains(other, n) })
}
