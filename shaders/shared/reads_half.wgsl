// The maps that a kernel reads have numbers of 16 bits.
alias Input = f16;
