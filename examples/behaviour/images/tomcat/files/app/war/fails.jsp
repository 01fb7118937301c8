<% Integer.parseInt("x"); %>
