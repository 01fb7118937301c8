<% nonsense %>
