require ["fileinto", "mailbox", "variables"];
if header :contains "subject" "invoice" { fileinto :create "Invoices"; stop; }
