package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
	managerLabel     = "app.kubernetes.io/managed-by"
	ourManagerLabel  = "hero"
	holderAnnotation = "hero-home/holder"
	keptSecretsTries = 5
)

// write makes the Secret say what the state says, and the state what the Secret says besides. What neither of them has is
// made. Whoever is overtaken looks again: the other one's texts are as good, and data may be made with them already.
func (s keptSecretsState) write(call call) (resource.PropertyMap, error) {
	ctx, cancel := context.WithTimeout(call, patienceWithKeptSecrets)
	defer cancel()
	cluster, err := connectCluster(s.Kubeconfig, s.Context)
	if err != nil {
		return nil, err
	}
	for range keptSecretsTries {
		found, err := s.look(ctx, cluster)
		if err != nil {
			return nil, err
		}
		if !isOurs(found) {
			return nil, s.notOurs(cluster)
		}
		values, err := s.complete(found)
		if err != nil {
			return nil, err
		}
		wanted := s.wanted(found, values)
		if !reflect.DeepEqual(found, wanted) {
			err = cluster.write(ctx, wanted)
		}
		switch {
		case err == nil:
			s.Values, s.Present = values, true
			return s.encoded()
		case !errors.Is(err, errOvertaken):
			return nil, withoutTexts(err, wanted)
		}
	}
	return nil, fmt.Errorf("the Secret %s of the namespace %s is changed by somebody else all the time; "+
		"the next ./pulumiw up goes on from here", s.Name, s.Namespace)
}

// look is the Secret as it is or, where there is none, as it begins.
func (s keptSecretsState) look(ctx context.Context, cluster *cluster) (*corev1.Secret, error) {
	var found corev1.Secret
	there, err := cluster.get(ctx, s.path(), &found)
	if err != nil {
		return nil, err
	}
	if there {
		return &found, nil
	}
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Name, Labels: map[string]string{managerLabel: ourManagerLabel},
		},
		Type: corev1.SecretTypeOpaque,
	}, nil
}

// complete has a text for each key: the state's, or else the Secret's, or else a new one.
func (s keptSecretsState) complete(found *corev1.Secret) (map[string]string, error) {
	values := map[string]string{}
	for key, length := range s.Lengths {
		switch there := found.Data[key]; {
		case s.Values[key] != "":
			values[key] = s.Values[key]
		case !utf8.Valid(there):
			return nil, fmt.Errorf("the Secret %s of the namespace %s has something at %s that is no text; it is left as it is",
				s.Name, s.Namespace, key)
		case len(there) > 0:
			values[key] = string(there)
		default:
			values[key] = newText(length)
		}
	}
	return values, nil
}

// wanted is the Secret with these texts, without those that were ours and shall no longer be, and otherwise as it is.
func (s keptSecretsState) wanted(found *corev1.Secret, values map[string]string) *corev1.Secret {
	wanted := found.DeepCopy()
	if wanted.Data == nil {
		wanted.Data = map[string][]byte{}
	}
	for key := range s.Values {
		delete(wanted.Data, key)
	}
	for key, value := range values {
		wanted.Data[key] = []byte(value)
	}
	if wanted.Annotations == nil {
		wanted.Annotations = map[string]string{}
	}
	wanted.Annotations[holderAnnotation] = s.Holder
	return wanted
}

// isSaidBy tells whether an update would find nothing to do.
func (s keptSecretsState) isSaidBy(found *corev1.Secret) bool {
	for key, value := range s.Values {
		if string(found.Data[key]) != value {
			return false
		}
	}
	return isThere(found) && isOurs(found)
}

func (s keptSecretsState) path() string {
	return "api/v1/namespaces/" + s.Namespace + "/secrets/" + s.Name
}

func (s keptSecretsState) notOurs(cluster *cluster) error {
	return fmt.Errorf("the namespace %s has a Secret %s that is not ours, since it has no label %s: %s; it is left as it is. "+
		"See what it is for: %s; where nobody needs it, delete it, then ./pulumiw up",
		s.Namespace, s.Name, managerLabel, ourManagerLabel, cluster.kubectl(s.Namespace, "describe secret "+s.Name))
}

func isThere(secret *corev1.Secret) bool {
	return secret.ResourceVersion != ""
}

func isOurs(secret *corev1.Secret) bool {
	return secret.Labels[managerLabel] == ourManagerLabel
}

// withoutTexts is for a refusal that may repeat what was sent, as those of an admission webhook do.
func withoutTexts(err error, secret *corev1.Secret) error {
	var pairs []string
	for _, text := range secret.Data {
		if len(text) > 0 {
			pairs = append(pairs, string(text), "[secret]", base64.StdEncoding.EncodeToString(text), "[secret]")
		}
	}
	return errors.New(strings.NewReplacer(pairs...).Replace(err.Error()))
}

// newText has a small letter, a capital and a digit at least, as some ask of a password; all such texts are as likely.
func newText(length int) string {
	for {
		var text strings.Builder
		for text.Len() < length {
			text.WriteString(newPassword())
		}
		candidate := text.String()[:length]
		if strings.ContainsAny(candidate, "abcdefghijklmnopqrstuvwxyz") &&
			strings.ContainsAny(candidate, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(candidate, "0123456789") {
			return candidate
		}
	}
}
