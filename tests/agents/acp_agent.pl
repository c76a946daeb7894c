#!/usr/bin/env perl
# An agent that speaks the Agent Client Protocol as a recording has it: it waits for what the client said then, and says what the agent said.
#
# Usage: acp_agent.pl RECORDING
#
# A line of a recording is {"dir": "c->a" | "a->c", "m": <message>}. What the client says that was not said then is answered with an empty result. Beside
# messages a recording may hold {"do": "raw", "text": …} (a line that is no message), {"do": "flood", "bytes": n} (one without an end),
# {"do": "wait", "file": …}, {"do": "run", "command": …}, {"do": "hang"} and {"do": "exit", "code": n}. All that the client has said is written to
# the file that ACP_SEEN names.
use strict;
use warnings;
use JSON::PP;

$| = 1;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
open(my $recording, '<', $ARGV[0]) or die "no recording: $!";
my @steps = map { $json->decode($_) } grep { /\S/ } <$recording>;
my $seen;
if ($ENV{ACP_SEEN}) { open($seen, '>>', $ENV{ACP_SEEN}) or die "not to be written: $!"; $seen->autoflush(1); }
# Numbers of the recording's requests, as this client gives them.
my %ids;

sub say_it { print $json->encode($_[0]), "\n"; }

sub hear {
    my $line = <STDIN>;
    exit 0 unless defined $line;
    print $seen $line if $seen;
    return $json->decode($line);
}

# Waits until the client says what it said then.
sub heard {
    my ($then) = @_;
    while (1) {
        my $now = hear();
        if (defined $then->{method}) {
            if (defined $now->{method} && $now->{method} eq $then->{method}) {
                $ids{$then->{id}} = $now->{id} if defined $then->{id};
                return;
            }
        } elsif (!defined $now->{method} && defined $now->{id} && $now->{id} eq $then->{id}) {
            return;
        }
        say_it({ jsonrpc => '2.0', id => $now->{id}, result => {} }) if defined $now->{method} && defined $now->{id};
    }
}

for my $step (@steps) {
    my $do = $step->{do} // '';
    if ($do eq 'raw') { print $step->{text}, "\n"; }
    elsif ($do eq 'flood') { my $piece = 'x' x 65536; print $piece for 1 .. $step->{bytes} / 65536; print "\n"; }
    elsif ($do eq 'wait') { select(undef, undef, undef, 0.01) until -e $step->{file}; }
    elsif ($do eq 'run') { system('/bin/sh', '-c', $step->{command}); }
    elsif ($do eq 'hang') { while (1) { sleep 3600; } }
    elsif ($do eq 'exit') { exit $step->{code}; }
    elsif (defined $step->{late}) { print $step->{late}; }
    elsif ($step->{dir} eq 'c->a') { heard($step->{m}); }
    else {
        my $message = $step->{m};
        $message->{id} = $ids{$message->{id}} if !defined $message->{method} && defined $message->{id} && defined $ids{$message->{id}};
        say_it($message);
    }
}
hear() while 1;
