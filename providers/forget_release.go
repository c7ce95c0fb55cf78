package main

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	patienceWithForgetting = time.Minute
	// timeoutOfInstall is for another process that installs a release of this name at this moment.
	timeoutOfInstall = 30 * time.Second
)

// forgetRelease takes away what Helm has written down of a release that no state knows of, as a run leaves it which was
// killed while it made one. Helm would refuse the name for ever; without the record it takes over what is there.
func forgetRelease(kubeconfig, contextName, namespace, release string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithForgetting)
	defer cancel()
	cluster, err := connectCluster(kubeconfig, contextName)
	if err != nil {
		return err
	}
	if _, err := defaultPendingHandling.await(ctx, helmRelease{cluster, namespace, release}, timeoutOfInstall, func(string) {}); err != nil {
		return err
	}
	secrets := "api/v1/namespaces/" + namespace + "/secrets"
	var found corev1.SecretList
	if err := cluster.list(ctx, secrets, &found); err != nil {
		return err
	}
	for _, secret := range found.Items {
		// https://helm.sh/docs/topics/advanced/#storage-backends
		if secret.Labels["owner"] != "helm" || secret.Labels["name"] != release {
			continue
		}
		if err := cluster.remove(ctx, secrets+"/"+secret.Name); err != nil {
			return err
		}
	}
	return nil
}
