package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	corev1 "k8s.io/api/core/v1"
)

const mostPodsNamed = 10

// departure is what has to happen before a service of the nodes goes: whoever lives from it is named, and each node
// takes it away for itself.
type departure struct {
	// pause is the time between two looks.
	pause time.Duration
}

type departureInputs struct {
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Namespace  string `json:"namespace"`
	// DaemonSet has on each node the pod that takes the service away when it ends.
	DaemonSet string `json:"daemonSet"`
	// RuntimeClass is chosen by the pods that live from it.
	RuntimeClass string `json:"runtimeClass"`
	// Patience is in seconds, for all nodes.
	Patience int `json:"patience"`
}

func (departure) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (departure) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return newOneFirst(difference(changedKeys(olds, news), "namespace", "daemonSet", "runtimeClass")), nil
}

// create makes nothing: only when it goes is there something to do.
func (departure) create(_ call, news resource.PropertyMap) (resource.PropertyMap, error) {
	return news, nil
}

func (departure) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	return olds, nil
}

func (departure) update(_ call, _, news resource.PropertyMap) (resource.PropertyMap, error) {
	return news, nil
}

func (d departure) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[departureInputs](olds)
	if err != nil {
		return err
	}
	cluster, err := connectCluster(state.Kubeconfig, state.Context)
	if err != nil {
		return err
	}
	guests, err := state.guests(call, cluster)
	if err != nil {
		return err
	}
	if len(guests) > 0 {
		return fmt.Errorf("%s the RuntimeClass %s: %s. What has not been read yet would be gone; "+
			"delete the pods and what makes them anew, then go on from here. Nothing of %s has been taken away",
			counted(len(guests), "a pod still runs by", "%d pods still run by"),
			state.RuntimeClass, someOf(guests), state.DaemonSet)
	}
	if err := cluster.removeWithDependents(call, state.path()); err != nil {
		return err
	}
	return d.wait(call, cluster, state)
}

// guests are those that run by the RuntimeClass, or are about to: each by its namespace, its name and its node.
func (s departureInputs) guests(ctx context.Context, cluster *cluster) ([]string, error) {
	var pods corev1.PodList
	if err := cluster.list(ctx, "api/v1/pods", &pods); err != nil {
		return nil, err
	}
	var guests []string
	for _, pod := range pods.Items {
		chosen := pod.Spec.RuntimeClassName
		if chosen == nil || *chosen != s.RuntimeClass || hasEnded(pod) {
			continue
		}
		guests = append(guests, withNode(pod.Namespace+"/"+pod.Name, pod))
	}
	slices.Sort(guests)
	return guests, nil
}

// wait goes on until the last node has ended its pod, which it does when it has taken everything away.
func (d departure) wait(call call, cluster *cluster, state departureInputs) error {
	started := time.Now()
	patience := time.Duration(state.Patience) * time.Second
	for {
		nodes, err := state.nodes(call, cluster)
		waited := time.Since(started)
		switch {
		case call.Err() != nil:
			return call.Err()
		case err == nil && len(nodes) == 0:
			return nil
		case waited > patience && err != nil:
			return err
		case waited > patience:
			return fmt.Errorf("after %d s these nodes still take %s away: %s; a node that is gone for good keeps its pod until somebody deletes it: %s",
				state.Patience, state.DaemonSet, someOf(nodes),
				cluster.kubectl(state.Namespace, "delete pods --selector app="+state.DaemonSet+" --force"))
		}
		call.progress.status("%s to take %s away: %s (%d s)",
			counted(len(nodes), "a node has yet", "%d nodes have yet"), state.DaemonSet, someOf(nodes), int(waited.Seconds()))
		select {
		case <-call.Done():
		case <-time.After(d.pause):
		}
	}
}

// nodes are those on which the DaemonSet still has a pod.
func (s departureInputs) nodes(ctx context.Context, cluster *cluster) ([]string, error) {
	var pods corev1.PodList
	if err := cluster.list(ctx, "api/v1/namespaces/"+s.Namespace+"/pods", &pods); err != nil {
		return nil, err
	}
	var nodes []string
	for _, pod := range pods.Items {
		if pod.Labels["app"] == s.DaemonSet && !hasEnded(pod) {
			nodes = append(nodes, withNode(pod.Name, pod))
		}
	}
	slices.Sort(nodes)
	return nodes, nil
}

func (s departureInputs) path() string {
	return "apis/apps/v1/namespaces/" + s.Namespace + "/daemonsets/" + s.DaemonSet
}

func hasEnded(pod corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func withNode(words string, pod corev1.Pod) string {
	if pod.Spec.NodeName == "" {
		return words
	}
	return words + " on " + pod.Spec.NodeName
}

func counted(number int, one, several string) string {
	if number == 1 {
		return one
	}
	return fmt.Sprintf(several, number)
}

func someOf(names []string) string {
	if len(names) <= mostPodsNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostPodsNamed], ", "), len(names)-mostPodsNamed)
}
