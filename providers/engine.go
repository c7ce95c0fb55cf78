package main

import (
	"context"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func connectEngine(address string) (pulumirpc.EngineClient, error) {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return nil, fmt.Errorf("the engine at %s cannot be reached: %w", address, err)
	}
	return pulumirpc.NewEngineClient(connection), nil
}

// progress tells the person at the terminal how far a resource is.
type progress struct {
	engine pulumirpc.EngineClient
	urn    resource.URN
	// out takes the messages of a command that has no engine; nil takes none.
	out io.Writer
}

// status replaces the line beside the resource; it is gone when the resource is done.
func (p progress) status(format string, values ...any) {
	p.log(pulumirpc.LogSeverity_INFO, true, format, values...)
}

// info stays below the update's result.
func (p progress) info(format string, values ...any) {
	p.log(pulumirpc.LogSeverity_INFO, false, format, values...)
}

// warning stays there too, and is counted among the warnings.
func (p progress) warning(format string, values ...any) {
	p.log(pulumirpc.LogSeverity_WARNING, false, format, values...)
}

func (p progress) log(severity pulumirpc.LogSeverity, ephemeral bool, format string, values ...any) {
	if p.engine == nil && p.out != nil {
		fmt.Fprintf(p.out, format+"\n", values...)
	}
	if p.engine == nil {
		return // nobody watches a sweep
	}
	// Losing a line of progress must not fail the work that it is about.
	_, _ = p.engine.Log(context.Background(), &pulumirpc.LogRequest{
		Severity: severity, Urn: string(p.urn), Ephemeral: ephemeral, Message: fmt.Sprintf(format, values...),
	})
}
