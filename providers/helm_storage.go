package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	maxHelmRecord = 64 << 20 // bytes, unpacked
	// Kubernetes sends no content of the Secrets then.
	metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// helmRelease is a release in Helm's storage, which has a Secret for each of its revisions.
// https://helm.sh/docs/topics/advanced/#storage-backends
type helmRelease struct {
	cluster         *cluster
	namespace, name string
}

// helmRevision is what the metadata of a revision's Secret shows.
type helmRevision struct {
	secret, uid, resourceVersion string
	number                       int
	status                       string
	created                      time.Time
	// writer is the Secret's field manager: the name of the program that created it.
	writer string
}

// helmRecord is what Helm has stored of a revision.
type helmRecord struct {
	Version  int    `json:"version"`
	Manifest string `json:"manifest"`
	Info     struct {
		Status string `json:"status"`
	} `json:"info"`
}

func (r helmRevision) isPending() bool {
	return strings.HasPrefix(r.status, "pending-")
}

func (h helmRelease) String() string {
	return h.namespace + "/" + h.name
}

func (h helmRelease) secrets() string {
	return "api/v1/namespaces/" + h.namespace + "/secrets"
}

// history returns all revisions, the newest first.
func (h helmRelease) history(ctx context.Context) ([]helmRevision, error) {
	query := url.Values{"labelSelector": {"owner=helm,name=" + h.name}}
	response, err := h.cluster.do(ctx, http.MethodGet, h.secrets()+"?"+query.Encode(), http.Header{"Accept": {metadataOnly}}, nil)
	if err != nil {
		return nil, err
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return nil, h.cluster.refusal(response)
	}
	var found metav1.PartialObjectMetadataList
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		return nil, err
	}
	var revisions []helmRevision
	for _, secret := range found.Items {
		number, err := strconv.Atoi(secret.Labels["version"])
		if err != nil || secret.Labels["owner"] != "helm" || secret.Labels["name"] != h.name {
			continue
		}
		revisions = append(revisions, helmRevision{
			secret: secret.Name, uid: string(secret.UID), resourceVersion: secret.ResourceVersion, number: number,
			status: secret.Labels["status"], created: secret.CreationTimestamp.Time, writer: writerOf(secret.ManagedFields),
		})
	}
	slices.SortFunc(revisions, func(a, b helmRevision) int { return cmp.Compare(b.number, a.number) })
	return revisions, nil
}

func writerOf(fields []metav1.ManagedFieldsEntry) string {
	if len(fields) == 0 {
		return ""
	}
	return fields[0].Manager
}

// deployed returns the newest revision that was deployed; otherwise the newest that is not pending.
func deployed(history []helmRevision) (helmRevision, bool) {
	isDeployed := func(r helmRevision) bool { return r.status == "deployed" }
	isSettled := func(r helmRevision) bool { return !r.isPending() }
	for _, condition := range []func(helmRevision) bool{isDeployed, isSettled} {
		if at := slices.IndexFunc(history, condition); at >= 0 {
			return history[at], true
		}
	}
	return helmRevision{}, false
}

// record returns what is stored of a revision, and its Secret.
func (h helmRelease) record(ctx context.Context, revision helmRevision) (helmRecord, *corev1.Secret, error) {
	var secret corev1.Secret
	var record helmRecord
	found, err := h.cluster.get(ctx, h.secrets()+"/"+revision.secret, &secret)
	if err != nil {
		return record, nil, err
	}
	if !found {
		return record, nil, fmt.Errorf("cannot read revision %d of release %s: it was deleted meanwhile", revision.number, h)
	}
	content, err := unpackHelmRecord(secret.Data["release"])
	if err == nil {
		err = json.Unmarshal(content, &record)
	}
	if err != nil {
		return record, nil, fmt.Errorf("cannot read revision %d of release %s: %w", revision.number, h, err)
	}
	return record, &secret, nil
}

// unpackHelmRecord reverses base64 and, as in all but very old records, gzip.
// https://github.com/helm/helm/blob/v3.20.2/pkg/storage/driver/util.go
func unpackHelmRecord(stored []byte) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(string(stored))
	if err != nil || !bytes.HasPrefix(packed, []byte{0x1f, 0x8b, 0x08}) {
		return packed, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(io.LimitReader(reader, maxHelmRecord))
}

func packHelmRecord(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return []byte(base64.StdEncoding.EncodeToString(packed.Bytes())), nil
}

// setStatus changes a revision's status in Helm's storage and nothing else of it.
func (h helmRelease) setStatus(ctx context.Context, revision helmRevision, status string) error {
	_, secret, err := h.record(ctx, revision)
	if err != nil {
		return err
	}
	content, err := unpackHelmRecord(secret.Data["release"])
	if err != nil {
		return err
	}
	var record map[string]json.RawMessage
	var info map[string]any
	if err := json.Unmarshal(content, &record); err != nil {
		return err
	}
	if err := json.Unmarshal(record["info"], &info); err != nil {
		return err
	}
	info["status"] = status
	if record["info"], err = json.Marshal(info); err != nil {
		return err
	}
	if content, err = json.Marshal(record); err != nil {
		return err
	}
	if secret.Data["release"], err = packHelmRecord(content); err != nil {
		return err
	}
	secret.Labels["status"] = status
	return h.cluster.write(ctx, secret)
}
